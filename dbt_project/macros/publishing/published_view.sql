{# Views that a build publishes. Other rooms and the barrier views of readers rest on them, so nothing drops or renames
   them: `publish` replaces what has changed, in its transaction. Their columns stay; new ones come at the end. A change of
   others is a migration's. `warehouse/ledger` holds them as SQL for a database without a build. #}

{# published_view: the view waits in the private schema, where the models of the build read it. #}
{% materialization published_view, adapter='postgres' %}
    {% set relation = waiting(this).incorporate(type='view') %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') %}
        drop view if exists {{ relation }} cascade;
        create view {{ relation }} as {{ sql }}
    {% endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{# The built views that are not yet as they wait: name → the statement that replaces the live one. In the order in which
   they were built, so that each finds those that it reads. #}
{% macro changed_views(results) %}
    {% set found = {} %}
    {% for result in results if result.status == 'success' and result.node.config.materialized == 'published_view' %}
        {% set relation = live_relation(result.node) %}
        {% set query %}
            select replace(pg_get_viewdef('{{ waiting(relation) }}'), '{{ waiting_schema() }}.', '{{ relation.schema }}.')
                is distinct from pg_get_viewdef(to_regclass('{{ relation }}'))
        {% endset %}
        {% if run_query(query).rows[0][0] %}
            {% do found.update({relation | string: 'create or replace view ' ~ relation ~ ' as ' ~ as_published(result.node)}) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The SQL of a built view, where it reads live views instead of those that wait. #}
{% macro as_published(node) %}
    {% set text = {'sql': node.compiled_code} %}
    {% for each in graph.nodes.values() if each.config.materialized == 'published_view' %}
        {% set relation = live_relation(each) %}
        {% do text.update({'sql': text.sql | replace(waiting(relation) | string, relation | string)}) %}
    {% endfor %}
    {{ return(text.sql) }}
{% endmacro %}
