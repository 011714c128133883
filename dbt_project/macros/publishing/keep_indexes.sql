{# The statements that give a live table the indexes of its contract, where it was made with others. One that another
   stands in for goes, as soon as no reader holds the table: a build must not wait for somebody who stays. #}
{% macro changed_indexes(node) %}
    {% set relation = live_relation(node) %}
    {% set query %}
        select
            string_agg(attributes.attname, ', ' order by attributes.attnum),
            coalesce(' where ' || pg_get_expr(indexes.indpred, indexes.indrelid), ''),
            cast(cast(indexes.indexrelid as regclass) as text)
        from pg_index as indexes
        inner join pg_attribute as attributes on indexes.indexrelid = attributes.attrelid
        where indexes.indrelid = to_regclass('{{ relation }}') and indexes.indisvalid
        group by indexes.indexrelid, indexes.indpred, indexes.indrelid
    {% endset %}
    {% set there = {} %}
    {% for columns, condition, name in run_query(query).rows %}{% do there.update({(columns, condition): name}) %}{% endfor %}
    {% set wanted, statements = [], [] %}
    {% for index in node.config.get('indexes', []) %}
        {% do wanted.append((index.columns | join(', '), index_condition(node, index))) %}
        {% if wanted[-1] not in there %}{% do statements.append(index_ddl(node, relation, index)) %}{% endif %}
    {% endfor %}
    {% for index, name in there.items() if index not in wanted %}
        {% for columns, _ in wanted if (columns ~ ', ').startswith(index[0] ~ ', ') %}
            {% do statements.append(dropped_index(name, relation)) %}
        {% endfor %}
    {% endfor %}
    {{ return(statements) }}
{% endmacro %}

{% macro index_ddl(node, relation, index) %}
    {% set kind = 'unique index' if index.get('unique') else 'index' %}
    {{ return(
        'create ' ~ kind ~ ' on ' ~ relation ~ ' (' ~ index.columns | join(', ') ~ ')' ~ index_condition(node, index)
    ) }}
{% endmacro %}

{% macro indexes_ddl(node, relation) %}
    {% set statements = [] %}
    {% for index in node.config.get('indexes', []) %}{% do statements.append(index_ddl(node, relation, index)) %}{% endfor %}
    {{ return(statements) }}
{% endmacro %}

{# An index on the clients of what people read serves nobody who looks through a client's view: what it costs would tell
   how rows are shared out among others. So it is partial, by a condition that every row meets, as Postgres writes it.
   It serves who says the condition: the policy of the app's role does, and what builds read by clients (`live_days`). #}
{% macro index_condition(node, index) %}
    {{ return(" where (client_id <> ''::text)" if node.access == 'public' and 'client_id' in index.columns else '') }}
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
