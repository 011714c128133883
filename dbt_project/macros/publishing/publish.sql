{# After a build: bring all waiting rows to the live tables in one transaction, or, if anything failed, nothing.

   Readers keep the rows that they began with (nothing is dropped, truncated or renamed). A reader whose transaction
   spans several statements takes a new snapshot for each, so the end of the transaction waits a moment for those that
   are reading: then nobody sees two builds in one transaction. A reader that stays longer than the patience below is
   not waited for; with isolation level repeatable read it still sees one build. #}
{% macro publish(results) %}
    {% if not execute or flags.WHICH != 'build' %}{{ return('') }}{% endif %}
    {% set models = published_models() %}
    {% set blocking, built = [], [] %}
    {% for result in results %}
        {% if result.status == 'success' and result.node.name in models %}
            {% do built.append(result.node.name) %}
        {% elif result.status in ['fail', 'error', 'runtime error'] and not is_informing(result.node) %}
            {% do blocking.append(result.node.name) %}
        {% endif %}
    {% endfor %}
    {% set left_out = models.keys() | reject('in', built) | list %}
    {% if blocking %}
        {% do log('Nothing is published: ' ~ blocking | join(', '), info=true) %}
        {{ return('') }}
    {% elif left_out %}
        {% do log('Nothing is published: this build leaves out ' ~ left_out | join(', '), info=true) %}
        {{ return('') }}
    {% endif %}
    {% set before, inside, after, relations = [], [], [], [] %}
    {% for node in models.values() %}
        {% if live_shape(node) == contract_shape(node) %}
            {% do before.extend(missing_partitions(node)) %}
        {% endif %}
        {% do inside.extend(replacement(node)) %}
        {% do relations.append(live_relation(node) | string) %}
        {% if is_much_new(node) %}
            {% do after.append('analyze ' ~ live_relation(node)) %}
        {% endif %}
    {% endfor %}
    {{ return(
        (before + ['begin', wait_for_autovacuum(relations)] + inside + [wait_for_readers(relations), 'commit'] + after)
        | join(';\n') ~ ';'
    ) }}
{% endmacro %}

{# A test that tells of the data and does not block it. #}
{% macro is_informing(node) %}
    {{ return(node.resource_type == 'test' and 'informing' in node.tags) }}
{% endmacro %}

{# The statements that bring one model's waiting rows to its live table. #}
{% macro replacement(node) %}
    {% set relation = live_relation(node) %}
    {% set columns = node.columns.keys() | join(', ') %}
    {% set is_reshaped = live_shape(node) != contract_shape(node) %}
    {% set statements = [] %}
    {% set only_new = '' %}
    {# Of a model that is the whole, the waiting rows hold what is kept. #}
    {% set keeps = node.config.get('scope') and node.config.get('keeps') %}
    {% if is_reshaped %}
        {% do statements.extend(reshaped(node, keeps)) %}
    {% endif %}
    {% if node.config.get('exchange_by') %}
        {{ return(statements + exchange(node, {} if is_reshaped else partitions_of(relation))) }}
    {% endif %}
    {% if flags.FULL_REFRESH and not is_reshaped %}
        {% do statements.append('delete from ' ~ relation ~ (' where not (' ~ is_kept(node) ~ ')' if keeps else '')) %}
    {% endif %}
    {% if node.config.get('scope') and (keeps or not flags.FULL_REFRESH) %}
        {% set scope = scope_relation(node.config.scope) %}
        {% do statements.append('delete from ' ~ relation ~ ' as live using ' ~ scope ~ ' as scope where ' ~ dated(node.config.replaces)) %}
    {% elif not flags.FULL_REFRESH %}
        {% do statements.append(
            'delete from ' ~ relation ~ ' as live where md5(live::text) not in (select md5(waiting::text) from '
            ~ waiting(relation) ~ ' as waiting)'
        ) %}
        {% set only_new = ' where md5(waiting::text) not in (select md5(live::text) from ' ~ relation ~ ' as live)' %}
    {% endif %}
    {% do statements.append(
        'insert into ' ~ relation ~ ' (' ~ columns ~ ') select ' ~ columns ~ ' from ' ~ waiting(relation) ~ ' as waiting' ~ only_new
    ) %}
    {{ return(statements) }}
{% endmacro %}

{# The statements of a full refresh that give a live table the columns of its contract, with the rows that are kept. #}
{% macro reshaped(node, keeps) %}
    {% set relation = live_relation(node) %}
    {% set statements = ['drop table ' ~ relation ~ ' cascade'] + live_table_ddl(node) + missing_partitions(node) %}
    {% if keeps %}
        {% set kept = 'create temporary table kept on commit drop as select * from ' ~ kept_rows(node) ~ ' as kept' %}
        {% set statements = [kept] + statements + ['insert into ' ~ relation ~ ' select * from kept', 'drop table kept'] %}
    {% endif %}
    {{ return(statements) }}
{% endmacro %}

{% macro scope_relation(name) %}
    {% set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] %}
    {% set relation = live_relation(node) %}
    {{ return(waiting(relation) if node.config.materialized == 'published' else relation) }}
{% endmacro %}

{# The months that a partitioned table lacks. A partition is made apart and attached, which no reader notices. #}
{% macro missing_partitions(node) %}
    {% set column = node.config.get('partition_by') %}
    {% if not column %}{{ return([]) }}{% endif %}
    {% set relation = live_relation(node) %}
    {% set query %}
        select distinct
            cast(date_trunc('month', {{ column }}) as date) as first_day,
            cast(date_trunc('month', {{ column }}) + interval '1 month' as date) as next_day
        from {{ waiting(relation) }}
        order by 1
    {% endset %}
    {% set statements = [] %}
    {% for first_day, next_day in run_query(query).rows %}
        {% set partition = waiting_schema() ~ '.' ~ node.alias ~ '_' ~ first_day.strftime('%Y_%m') %}
        {% set exists = run_query("select to_regclass('" ~ partition ~ "')").rows[0][0] %}
        {% if not exists %}
            {% do statements.extend([
                'create table ' ~ partition ~ ' (like ' ~ relation ~ ' including defaults including constraints)',
                'alter table ' ~ relation ~ ' attach partition ' ~ partition
                ~ " for values from ('" ~ first_day ~ "') to ('" ~ next_day ~ "')",
            ]) %}
        {% endif %}
    {% endfor %}
    {% if statements and node.access == 'public' %}
        {% do statements.append('select access.index_for_clients(' ~ quoted_text(relation | string) ~ ')') %}
    {% endif %}
    {{ return(statements) }}
{% endmacro %}

{# Whether a table gets so many rows, a tenth of what it has, that its statistics are worth the time of taking them. #}
{% macro is_much_new(node) %}
    {% set query %}
        select (select count(*) from {{ waiting(live_relation(node)) }}) * 10 > greatest(sum(classes.reltuples), 0)
        from pg_class as classes
        where
            classes.oid = to_regclass('{{ live_relation(node) }}')
            or classes.oid in (
                select inhrelid from pg_inherits where inhparent = to_regclass('{{ live_relation(node) }}')
            )
    {% endset %}
    {{ return(run_query(query).rows[0][0]) }}
{% endmacro %}

{# Take every live table for a moment: waits at most a tenth of a second at a time, so that readers who come meanwhile
   hardly wait either, and tries for about ten seconds. #}
{% macro wait_for_readers(relations) %}
    {% set sql %}
        do $$
        begin
            for attempt in 1..40 loop
                begin
                    set local lock_timeout = '100ms';
                    lock table {{ relations | join(', ') }} in access exclusive mode;
                    exit;
                exception when lock_not_available then
                    perform pg_sleep(0.15);
                end;
            end loop;
        end
        $$
    {% endset %}
    {{ return(sql) }}
{% endmacro %}

{# Keep autovacuum away, which `wait_for_readers` would take for a reader that stays: a lock that only it conflicts with
   ends its work after a second (`deadlock_timeout`), and it skips the tables until the end of the transaction. It does
   not give way when it protects the server from running out of transaction numbers: then this goes on without it. #}
{% macro wait_for_autovacuum(relations) %}
    {% set sql %}
        do $$
        begin
            set local lock_timeout = '5s';
            lock table {{ relations | join(', ') }} in share update exclusive mode;
            set local lock_timeout to default;
        exception when lock_not_available then
            null;
        end;
        $$
    {% endset %}
    {{ return(sql) }}
{% endmacro %}
