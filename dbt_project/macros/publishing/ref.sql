{# Within a build every model and test reads the rows and views that wait to be published, not those that people read.
   A published model is named by where it will be; `live` reads what is there now. #}
{% macro ref() %}
    {% set relation = builtins.ref(*varargs, **kwargs) %}
    {% if execute and not relation.is_cte and is_published_model(varargs[-1]) %}
        {% set relation = waiting(relation) %}
    {% endif %}
    {% do return(relation) %}
{% endmacro %}
