{# Where the rows of a published model wait, and where its live table is. #}

{% macro waiting_schema() %}
    {{ return('publishing') }}
{% endmacro %}

{% macro waiting(relation) %}
    {{ return(relation.incorporate(path={'schema': waiting_schema()}, type='table')) }}
{% endmacro %}

{# The nodes of all models whose rows are published, by name. #}
{% macro published_models() %}
    {% set found = {} %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized == 'published' %}
        {% do found.update({node.name: node}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro is_published_model(name) %}
    {% set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ name) %}
    {{ return(node is not none and node.config.materialized in ['published', 'published_view']) }}
{% endmacro %}

{# The live table of a published model. #}
{% macro live_relation(node) %}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias, type='table')) }}
{% endmacro %}

{# What readers see now, as a table to select from. A full refresh starts from the raw rows, and from what it keeps of
   months that are archived. #}
{% macro live(name) %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] %}
    {{ return(kept_rows(node) if flags.FULL_REFRESH else live_relation(node)) }}
{% endmacro %}
