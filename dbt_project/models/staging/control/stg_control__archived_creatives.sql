with archived as (
    select * from {{ source('control', 'archived_creatives') }}
),

final as (
    select
        creative_id,
        {% for column in creative_path() %}
            {{ column }},
        {% endfor %}
        first_date,
        last_date
    from archived
)

select * from final
