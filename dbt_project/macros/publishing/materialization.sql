{# published: the model's rows wait in a private schema, the tests read them there, and `publish` brings all of them to
   the live tables in one transaction at the end of a build in which nothing failed.

   Config: `replaces` is the condition, over `live` and `scope`, that picks the live rows which the waiting ones replace;
   `scope` names the model it speaks of. Without both, the waiting rows are the whole table and only differences are
   written. `keeps` picks the rows that a full refresh cannot make anew. `partition_by` is a date column: one partition
   per month. `exchange_by` is for a table that builds alone read: a column of it and of `scope`, one partition per value;
   those that `scope` names are exchanged, not copied, and rows without a value serve this build only. Indexes are those
   of dbt.
#}
{% materialization published, adapter='postgres' %}
    {% set relation = waiting(this) %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('drop_what_waited') %}drop table if exists {{ relation }} cascade{% endcall %}
    {% call statement('main') %}
        {% if config.get('exchange_by') %}
            {{ create_waiting_partitions(model, sql) }}
        {% else %}
            {{ get_create_table_as_sql(False, relation, sql) }}
        {% endif %}
    {% endcall %}
    {% for index in config.get('indexes', []) %}
        {% call statement('index') %}create index on {{ relation }} ({{ index.columns | join(', ') }}){% endcall %}
    {% endfor %}
    {% call statement('analyze') %}analyze {{ relation }}{% endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
