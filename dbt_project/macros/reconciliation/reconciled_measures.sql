{# What every hop must keep, to the last digit. #}
{% macro reconciled_measures() %}
    {{ return(['impressions', 'clicks', 'conversions', 'conversion_revenue', 'reported_spend']) }}
{% endmacro %}
