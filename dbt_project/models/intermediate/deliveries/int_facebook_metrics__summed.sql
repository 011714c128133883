{{ config(materialized='table') }}

{{ summed_metrics('facebook') }}
