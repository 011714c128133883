{# The creatives of a CTE of campaigns and creatives. The lateral join finds them through the index: a plain join may be
   planned as a scan of all creatives. #}
{% macro creatives_of(entities) %}
    select creatives.*
    from (select distinct entity_id from {{ entities }} where level = 'creative') as wanted
    cross join lateral (
        select * from {{ ref('int_creatives__current') }} as creatives
        where creatives.creative_id = wanted.entity_id
        offset 0
    ) as creatives
{% endmacro %}
