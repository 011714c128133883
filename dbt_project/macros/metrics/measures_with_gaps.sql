{# The measures that a day may lack. #}
{% macro measures_with_gaps() %}
    {{ return(['clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend']) }}
{% endmacro %}

{# The type of the sum over the days that have one. #}
{% macro known_type(measure) %}
    {{ return('bigint' if measure in ['clicks', 'conversions'] else 'numeric') }}
{% endmacro %}
