{# The measures that a day may lack. #}
{% macro measures_with_gaps() %}
    {{ return(['clicks', 'conversions', 'conversion_revenue', 'spend', 'reported_spend']) }}
{% endmacro %}

{# The type of the sum over the days that have one. #}
{% macro known_type(measure) %}
    {{ return('bigint' if measure in ['clicks', 'conversions'] else 'numeric') }}
{% endmacro %}

{# A measure of several days from the sum over the days that have a number and the count of those: unknown when no day has
   one; spend also when some day has none. #}
{% macro known_measure(measure) -%}
    case when {{ measure }}_days {{ '= days' if measure == 'spend' else '> 0' }} then known_{{ measure }} end
{%- endmacro %}
