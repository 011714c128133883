{# Spend of several rows. NULL as soon as one of them has no price: a sum without it would be too low and look right. #}
{% macro summed_spend(spend='spend') -%}
    cast(case when count({{ spend }}) = count(*) then sum({{ spend }}) end as numeric(24, 7))
{%- endmacro %}
