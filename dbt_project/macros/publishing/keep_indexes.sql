{# The statements that give a live table the indexes of its contract, where it was made with others. One that a wider one
   stands in for goes, as soon as no reader holds the table: a build must not wait for somebody who stays. #}
{% macro changed_indexes(node) %}
    {% set relation = live_relation(node) %}
    {% set query %}
        select
            string_agg(attributes.attname, ', ' order by attributes.attnum),
            cast(cast(indexes.indexrelid as regclass) as text)
        from pg_index as indexes
        inner join pg_attribute as attributes on indexes.indexrelid = attributes.attrelid
        where indexes.indrelid = to_regclass('{{ relation }}') and indexes.indisvalid
        group by indexes.indexrelid
    {% endset %}
    {% set there = {} %}
    {% for columns, name in run_query(query).rows %}{% do there.update({columns: name}) %}{% endfor %}
    {% set wanted, statements = [], [] %}
    {% for index in node.config.get('indexes', []) %}
        {% do wanted.append(index.columns | join(', ')) %}
        {% if wanted[-1] not in there %}{% do statements.append(index_ddl(relation, index)) %}{% endif %}
    {% endfor %}
    {% for columns, name in there.items() if columns not in wanted %}
        {% for wider in wanted if wider.startswith(columns ~ ', ') %}
            {% do statements.append(dropped_index(name, relation)) %}
        {% endfor %}
    {% endfor %}
    {{ return(statements) }}
{% endmacro %}

{% macro index_ddl(relation, index) %}
    {% set kind = 'unique index' if index.get('unique') else 'index' %}
    {{ return('create ' ~ kind ~ ' on ' ~ relation ~ ' (' ~ index.columns | join(', ') ~ ')') }}
{% endmacro %}

{% macro indexes_ddl(node, relation) %}
    {% set statements = [] %}
    {% for index in node.config.get('indexes', []) %}{% do statements.append(index_ddl(relation, index)) %}{% endfor %}
    {{ return(statements) }}
{% endmacro %}

{% macro dropped_index(name, relation) %}
    {% set sql %}
        {{ wait_for_autovacuum([relation]) }};
        do $$
        begin
            if {{ lock_briefly([relation], '2 seconds') }} is null then
                drop index if exists {{ name }};
            end if;
        end
        $$
    {% endset %}
    {{ return(sql) }}
{% endmacro %}
