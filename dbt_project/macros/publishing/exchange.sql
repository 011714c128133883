{# Tables with a partition per value of a column, exchanged as a whole. Dropping one is not for tables that people read:
   a reader whose snapshot is older would miss its rows. #}

{# The waiting table of a model: a partition for each value that is exchanged, one for the rows that are not kept. #}
{% macro create_waiting_partitions(node, sql) %}
    {{ get_assert_columns_equivalent(sql) }}
    {% set relation = waiting(live_relation(node)) %}
    {% set column = node.config.exchange_by %}
    create table {{ relation }} ({{ column_ddl(node) }}) partition by list ({{ column }});
    create unlogged table {{ waiting_schema() }}.{{ node.alias }}_unkept partition of {{ relation }} default;
    {% for value in exchanged_values(node) %}
        {% set partition = waiting_schema() ~ '.' ~ node.alias ~ '_' ~ local_md5(value ~ invocation_id)[:16] %}
        create table {{ partition }} ({{ column_ddl(node) }}, check ({{ column }} = {{ quoted_text(value) }}));
        alter table {{ relation }} attach partition {{ partition }} for values in ({{ quoted_text(value) }});
    {% endfor %}
    insert into {{ relation }} ({{ node.columns.keys() | join(', ') }}) select {{ node.columns.keys() | join(', ') }} from ({{ sql }}) as rows;
{% endmacro %}

{# The values whose rows this build replaces. #}
{% macro exchanged_values(node) %}
    {% set query %}
        select distinct scope.{{ node.config.exchange_by }} from {{ scope_relation(node.config.scope) }} as scope
        where {{ node.config.replaces }}
        order by 1
    {% endset %}
    {{ return(run_query(query).columns[0].values()) }}
{% endmacro %}

{# The partitions of a table: value → name. #}
{% macro partitions_of(relation) %}
    {% set query %}
        select
            pg_get_expr(children.relpartbound, children.oid),
            cast(cast(children.oid as regclass) as text)
        from pg_inherits
        inner join pg_class as children on pg_inherits.inhrelid = children.oid
        where pg_inherits.inhparent = to_regclass('{{ relation }}')
    {% endset %}
    {% set found = {} %}
    {% for bound, partition in run_query(query).rows if bound != 'DEFAULT' %}
        {% do found.update({bound: partition}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The statements that put the waiting partitions in the place of those that `relation` has. A full refresh leaves no
   other. #}
{% macro exchange(node, relation) %}
    {% set statements, here = [], partitions_of(relation) %}
    {% set new = partitions_of(waiting(relation)) %}
    {% for bound, partition in here.items() if flags.FULL_REFRESH or bound in new %}
        {% do statements.append('drop table ' ~ partition) %}
    {% endfor %}
    {% for bound, partition in new.items() %}
        {% do statements.append('alter table ' ~ waiting(relation) ~ ' detach partition ' ~ partition) %}
        {% do statements.append('alter table ' ~ relation ~ ' attach partition ' ~ partition ~ ' ' ~ bound) %}
    {% endfor %}
    {{ return(statements) }}
{% endmacro %}
