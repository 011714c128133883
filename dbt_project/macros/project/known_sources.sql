{# Made by `make sources` from templates/known_sources.sql: change that. #}
{# The sources of the registry, each with the table of its rows, in the order in which they are listed. What unites their
   rows goes through them, so that a new one is in every union. #}
{% macro known_sources() %}
    {{ return([
        {'source': 'surfside', 'row_table': 'media_report'},
        {'source': 'vibe', 'row_table': 'performance_report'},
        {'source': 'facebook', 'row_table': 'ads_export'}
    ]) }}
{% endmacro %}
