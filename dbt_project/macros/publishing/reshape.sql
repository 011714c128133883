{# A full refresh in which a table gets other columns than it has: a reader could neither read the old one on nor be kept
   waiting until a new one is filled. So every published table is made beside the live ones, with its rows, indexes and
   statistics, and all of them are swapped at once, which takes a moment.

   A transaction whose snapshot is older than the new rows would find the new tables empty: those are waited for between
   the two steps, so that whoever reads a new table sees all of the build. Whoever has read a table in a transaction that
   is still open keeps the swap waiting, not other readers. Patience has an end: then the build fails and says who it was.
   The server notices while it waits that dbt was killed: a swap must not come after the next build has begun. #}
{% macro reshape(models, changed_views) %}
    {% set beside, swapped, views, relations = ['create schema ' ~ schema_beside()], [], [], [] %}
    {% for node in models.values() %}
        {% do beside.extend(table_beside(node)) %}
        {% do swapped.extend(swap(node)) %}
        {% do relations.append(live_relation(node) | string) %}
        {% if node.access == 'public' %}{% do views.append('bi.' ~ node.alias) %}{% endif %}
    {% endfor %}
    {% set patience = var('patience_with_readers') %}
    {% set statements = ['begin'] + beside + [
        'commit',
        'begin',
        "set local client_connection_check_interval = '1s'",
        "select access.expect_nobody(access.wait_for_snapshots(interval '" ~ patience ~ "'))",
        wait_for_autovacuum(relations),
        'select access.expect_nobody(' ~ lock_briefly((changed_views.keys() | list) + views + relations, patience) ~ ')',
    ] + swapped + (changed_views.values() | list) + [partitions_swapped(), 'drop schema ' ~ schema_beside(), 'commit'] %}
    {{ return(statements | join(';\n') ~ ';') }}
{% endmacro %}

{# Where new tables are filled. Nobody reads there, and the next build clears what a failed one has left. #}
{% macro schema_beside() %}
    {{ return('reshaping') }}
{% endmacro %}

{% macro beside(relation) %}
    {{ return(relation.incorporate(path={'schema': schema_beside()})) }}
{% endmacro %}

{# The statements that make a model's table anew and fill it with the waiting rows and those that are kept. #}
{% macro table_beside(node) %}
    {% set relation = beside(live_relation(node)) %}
    {% set statements = table_ddl(node, relation) + missing_partitions(node, relation, schema_beside()) %}
    {% if node.config.get('exchange_by') %}
        {% do statements.extend(exchange(node, relation)) %}
    {% else %}
        {% if keeps_beside(node) %}
            {% do statements.append('insert into ' ~ relation ~ ' select * from ' ~ kept_rows(node) ~ ' as kept') %}
            {% do statements.append(cleared_scope(node, relation)) %}
        {% endif %}
        {% do statements.append(insert_waiting(node, relation)) %}
    {% endif %}
    {% do statements.extend(indexes_ddl(node, relation)) %}
    {% if node.access == 'public' %}{% do statements.append(index_for_clients(relation)) %}{% endif %}
    {{ return(statements + ['analyze ' ~ relation]) }}
{% endmacro %}

{% macro swap(node) %}
    {% set relation = live_relation(node) %}
    {% set statements = [
        'drop table ' ~ relation ~ ' cascade',
        'alter table ' ~ beside(relation) ~ ' set schema ' ~ node.schema,
    ] %}
    {% if node.access == 'public' %}{% do statements.append(access_call('protect', node)) %}{% endif %}
    {{ return(statements) }}
{% endmacro %}

{# The new tables' months take the place of the old ones, which have gone with their tables. #}
{% macro partitions_swapped() %}
    {% set sql %}
        do $$
        declare
            part regclass;
        begin
            for part in
                select oid from pg_class
                where relnamespace = to_regnamespace('{{ schema_beside() }}') and relkind = 'r' and relispartition
            loop
                execute format('alter table %s set schema {{ waiting_schema() }}', part);
            end loop;
        end
        $$
    {% endset %}
    {{ return(sql) }}
{% endmacro %}
