{{ config(materialized='table') }}

{{ summed_metrics('vibe') }}
