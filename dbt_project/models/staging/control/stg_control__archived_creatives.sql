with archived as (
    select * from {{ source('control', 'archived_creatives') }}
),

final as (
    select
        creative_id,
        {{ creative_path() | join(',\n        ') }}
    from archived
)

select * from final
