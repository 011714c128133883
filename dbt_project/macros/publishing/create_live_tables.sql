{# Before a build: every published model has its live table with its indexes, empty if need be, so that the first build is
   like any other.
   Stops when a table has other columns than its contract: only a full refresh can replace it. What is changed on tables
   that people read is changed one by one, so that no lock is held while another is waited for. #}
{% macro create_live_tables() %}
    {% if not execute or flags.WHICH not in ['build', 'run', 'test'] %}{{ return('') }}{% endif %}
    {% set missing = ['create schema if not exists ' ~ waiting_schema()] %}
    {% if flags.WHICH == 'build' %}{% do missing.append('drop schema if exists ' ~ schema_beside() ~ ' cascade') %}{% endif %}
    {% set changed = [] %}
    {% for node in published_models().values() %}
        {% set shape = live_shape(node) %}
        {% if shape is none %}
            {% do missing.extend(live_table_ddl(node)) %}
        {% elif shape != contract_shape(node) and not flags.FULL_REFRESH %}
            {{ exceptions.raise_compiler_error(
                live_relation(node) ~ ' has other columns than its contract: run `paidmedia build --full-refresh`'
            ) }}
        {% elif shape == contract_shape(node) %}
            {% do changed.extend(changed_indexes(node)) %}
            {% if node.access == 'public' %}{% do changed.append(access_call('make_client_view', node)) %}{% endif %}
        {% endif %}
    {% endfor %}
    {{ return('begin; ' ~ ([missing | join('; ')] + changed) | join('; commit; begin; ') ~ '; commit;') }}
{% endmacro %}

{# The columns of a live table as `kind:name,name`, None if it does not exist. #}
{% macro live_shape(node) %}
    {% set query %}
        select cast(classes.relkind as text) || ':' || string_agg(attributes.attname, ',' order by attributes.attnum)
        from pg_class as classes
        inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
        inner join pg_attribute as attributes on classes.oid = attributes.attrelid
        where namespaces.nspname = '{{ node.schema }}' and classes.relname = '{{ node.alias }}'
            and attributes.attnum > 0 and not attributes.attisdropped
        group by classes.relkind
    {% endset %}
    {% set rows = run_query(query).rows %}
    {{ return(rows[0][0] if rows else none) }}
{% endmacro %}

{% macro contract_shape(node) %}
    {{ return(('p:' if partitioning(node) else 'r:') ~ node.columns.keys() | join(',')) }}
{% endmacro %}

{# The columns of a contract, as they stand in `create table`. #}
{% macro column_ddl(node) %}
    {% set columns = [] %}
    {% for column in node.columns.values() %}
        {% set required = column.constraints | selectattr('type', 'equalto', 'not_null') | list %}
        {% do columns.append(column.name ~ ' ' ~ column.data_type ~ (' not null' if required else '')) %}
    {% endfor %}
    {{ return(columns | join(', ')) }}
{% endmacro %}

{% macro partitioning(node) %}
    {% if node.config.get('partition_by') %}
        {{ return(' partition by range (' ~ node.config.partition_by ~ ')') }}
    {% elif node.config.get('exchange_by') %}
        {{ return(' partition by list (' ~ node.config.exchange_by ~ ')') }}
    {% endif %}
    {{ return('') }}
{% endmacro %}

{# The statements that create a live table from its contract, with its indexes and its descriptions. One that people read
   has its row-level security from its first moment on: `access.protect` of the migrations says who sees which rows. #}
{% macro live_table_ddl(node) %}
    {% set relation = live_relation(node) %}
    {% set statements = ['create schema if not exists ' ~ node.schema] + table_ddl(node, relation) + indexes_ddl(node, relation) %}
    {% if node.access == 'public' %}{% do statements.append(access_call('protect', node)) %}{% endif %}
    {{ return(statements) }}
{% endmacro %}

{# The statements that create a model's table as `relation`, described, without indexes. #}
{% macro table_ddl(node, relation) %}
    {% set statements = [
        'create table ' ~ relation ~ ' (' ~ column_ddl(node) ~ ')' ~ partitioning(node),
        'comment on table ' ~ relation ~ ' is ' ~ quoted_text(node.description),
    ] %}
    {% for column in node.columns.values() if column.description %}
        {% do statements.append(
            'comment on column ' ~ relation ~ '.' ~ column.name ~ ' is ' ~ quoted_text(column.description)
        ) %}
    {% endfor %}
    {{ return(statements) }}
{% endmacro %}

{# A call of a function of `access` for a mart, with the columns that no client sees. #}
{% macro access_call(function, node) %}
    {% set agency_only = [] %}
    {% for column in node.columns.values() if column.meta.get('agency_only') %}
        {% do agency_only.append(quoted_text(column.name)) %}
    {% endfor %}
    {{ return(
        'select access.' ~ function ~ '(' ~ quoted_text(live_relation(node) | string)
        ~ ', cast(array[' ~ agency_only | join(', ') ~ '] as text[]))'
    ) }}
{% endmacro %}

{# The call that makes the index by which clients' views read a table: before its statistics, and on a new partition
   before its rows. #}
{% macro index_for_clients(relation) %}
    {{ return('select access.index_for_clients(' ~ quoted_text(relation | string) ~ ')') }}
{% endmacro %}

{% macro quoted_text(text) %}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{% endmacro %}
