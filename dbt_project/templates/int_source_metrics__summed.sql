{{ config(materialized='table') }}

{{ summed_metrics('@source@') }}
