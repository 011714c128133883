{# The measures that a day may lack. #}
{% macro measures_with_gaps() %}
    {{ return(['clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend']) }}
{% endmacro %}
