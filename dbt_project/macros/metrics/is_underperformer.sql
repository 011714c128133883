{# Click-through rate of the others of the same client, source, period and level. #}
{% macro peer_ctr(entity, peers) -%}
    {{ ctr(
        '(' ~ peers ~ '.clicks - ' ~ entity ~ '.clicks)', '(' ~ peers ~ '.impressions - ' ~ entity ~ '.impressions)'
    ) }}
{%- endmacro %}

{# Condition: the entity costs at least the average and is clicked far less than the others, beyond chance. Products
   instead of ratios: those are rounded, and exactly half or exactly ten must stay what they are. #}
{% macro is_underperformer(entity, peers) -%}
    (
        {{ entity }}.spend * {{ peers }}.priced >= {{ peers }}.spend
        and {{ entity }}.impressions > 0
        and {{ peers }}.impressions > {{ entity }}.impressions
        and {{ entity }}.impressions * ({{ peers }}.clicks - {{ entity }}.clicks)
        >= {{ var('underperformer_expected_clicks') }} * ({{ peers }}.impressions - {{ entity }}.impressions)
        and {{ entity }}.clicks * ({{ peers }}.impressions - {{ entity }}.impressions)
        < {{ var('underperformer_ctr_share') }} * ({{ peers }}.clicks - {{ entity }}.clicks) * {{ entity }}.impressions
    )
{%- endmacro %}
