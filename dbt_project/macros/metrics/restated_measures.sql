{# What a change of a day is told in: the delivered measures, and spend. #}
{% macro restated_measures() %}
    {{ return(reconciled_measures() + ['spend']) }}
{% endmacro %}

{# How much a measure changes; what is unknown counts as zero, so that all changes add up to what is known in the end. #}
{% macro change_of(after, before) -%}
    coalesce({{ after }}, 0) - coalesce({{ before }}, 0)
{%- endmacro %}

{# The type of a day's total of a measure. #}
{% macro total_type(measure) %}
    {{ return(
        'numeric(24, 7)' if measure == 'spend'
        else 'numeric(24, 9)' if measure in ['conversion_revenue', 'reported_spend']
        else 'bigint'
    ) }}
{% endmacro %}
