{# The sources of the registry, each with the table of its rows, in the order in which they are listed. What unites their
   rows goes through them, so that a new one is in every union. #}
{% macro known_sources() %}
    {{ return([
@listed@
    ]) }}
{% endmacro %}
