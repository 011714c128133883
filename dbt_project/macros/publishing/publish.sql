{# After a build: bring all waiting rows to the live tables in one transaction, or, if anything failed, nothing.

   Readers keep the rows that they began with (nothing is dropped, truncated or renamed). A reader whose transaction
   spans several statements takes a new snapshot for each, so the end of the transaction waits a moment for those that
   are reading: then nobody sees two builds in one transaction. A reader that stays longer than the patience below is
   not waited for; with isolation level repeatable read it still sees one build. Where a table gets other columns,
   `reshape` does it. #}
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
    {% set views = changed_views(results) %}
    {% for node in models.values() if live_shape(node) != contract_shape(node) %}
        {{ return(reshape(models, views)) }}
    {% endfor %}
    {% set before, inside, after, relations = [], [], [], [] %}
    {% for node in models.values() %}
        {% do before.extend(missing_partitions(node, live_relation(node), waiting_schema())) %}
        {% do inside.extend(replacement(node)) %}
        {% do relations.append(live_relation(node) | string) %}
        {% if is_much_new(node) %}
            {% do after.append('analyze ' ~ live_relation(node)) %}
        {% endif %}
    {% endfor %}
    {{ return(
        (
            before + ['begin', wait_for_autovacuum(relations)] + inside
            + [lock_for_publishing(relations, views)] + (views.values() | list) + ['commit'] + after
        ) | join(';\n') ~ ';'
    ) }}
{% endmacro %}

{# A test that tells of the data and does not block it. #}
{% macro is_informing(node) %}
    {{ return(node.resource_type == 'test' and 'informing' in node.tags) }}
{% endmacro %}

{# The statements that bring one model's waiting rows to its live table. #}
{% macro replacement(node) %}
    {% set relation = live_relation(node) %}
    {% if node.config.get('exchange_by') %}{{ return(exchange(node, relation)) }}{% endif %}
    {% set statements = [] %}
    {% set only_new = '' %}
    {% if flags.FULL_REFRESH %}
        {% do statements.append('delete from ' ~ relation ~ (' where not (' ~ is_kept(node) ~ ')' if keeps_beside(node) else '')) %}
    {% endif %}
    {% if node.config.get('scope') %}
        {% if keeps_beside(node) or not flags.FULL_REFRESH %}{% do statements.append(cleared_scope(node, relation)) %}{% endif %}
    {% elif not flags.FULL_REFRESH %}
        {% do statements.append(
            'delete from ' ~ relation ~ ' as live where md5(live::text) not in (select md5(waiting::text) from '
            ~ waiting(relation) ~ ' as waiting)'
        ) %}
        {% set only_new = ' where md5(waiting::text) not in (select md5(live::text) from ' ~ relation ~ ' as live)' %}
    {% endif %}
    {{ return(statements + [insert_waiting(node, relation) ~ only_new]) }}
{% endmacro %}

{# Whether a full refresh keeps rows that do not wait. Of a model that is the whole, the waiting rows hold what is kept. #}
{% macro keeps_beside(node) %}
    {{ return(node.config.get('scope') and node.config.get('keeps')) }}
{% endmacro %}

{# The statement that takes the rows which the waiting ones replace out of a table. #}
{% macro cleared_scope(node, relation) %}
    {{ return(
        'delete from ' ~ relation ~ ' as live using ' ~ scope_relation(node.config.scope) ~ ' as scope where '
        ~ dated(node.config.replaces) ~ (" and live.client_id <> ''" if 'client_id' in node.columns else '')
    ) }}
{% endmacro %}

{% macro insert_waiting(node, relation) %}
    {% set columns = node.columns.keys() | join(', ') %}
    {{ return(
        'insert into ' ~ relation ~ ' (' ~ columns ~ ') select ' ~ columns ~ ' from ' ~ waiting(live_relation(node)) ~ ' as waiting'
    ) }}
{% endmacro %}

{% macro scope_relation(name) %}
    {% set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] %}
    {% set relation = live_relation(node) %}
    {{ return(waiting(relation) if node.config.materialized == 'published' else relation) }}
{% endmacro %}

{# The months that a partitioned table lacks, to be made in a schema. A partition is made apart and attached, which no
   reader notices. #}
{% macro missing_partitions(node, relation, schema) %}
    {% set column = node.config.get('partition_by') %}
    {% if not column %}{{ return([]) }}{% endif %}
    {% set query %}
        select distinct
            cast(date_trunc('month', {{ column }}) as date) as first_day,
            cast(date_trunc('month', {{ column }}) + interval '1 month' as date) as next_day
        from {{ waiting(relation) }}
        order by 1
    {% endset %}
    {% set statements = [] %}
    {% for first_day, next_day in run_query(query).rows %}
        {% set partition = schema ~ '.' ~ node.alias ~ '_' ~ first_day.strftime('%Y_%m') %}
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
        {% do statements.append(index_for_clients(relation)) %}
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

{# A call that takes tables for a moment and keeps readers who come meanwhile waiting hardly at all; the migrations say
   how. Null when it has them, else the transactions that are in the way. #}
{% macro lock_briefly(relations, patience) %}
    {% set names = [] %}
    {% for relation in relations %}{% do names.append(quoted_text(relation | string)) %}{% endfor %}
    {{ return('access.lock_briefly(array[' ~ names | join(', ') ~ "], interval '" ~ patience ~ "')") }}
{% endmacro %}

{# Take the tables once nobody reads them; who stays is not waited for. A view that is replaced has to be had. #}
{% macro lock_for_publishing(relations, views) %}
    {% if not views %}{{ return('select ' ~ lock_briefly(relations, '10 seconds')) }}{% endif %}
    {% set all = (views.keys() | list) + relations %}
    {{ return('select access.expect_nobody(' ~ lock_briefly(all, var('patience_with_readers')) ~ ')') }}
{% endmacro %}

{# Keep autovacuum away, which `lock_briefly` would take for a reader that stays: a lock that only it conflicts with
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
