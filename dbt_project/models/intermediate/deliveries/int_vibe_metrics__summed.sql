{# Made by `make sources` from templates/int_source_metrics__summed.sql: change that. #}
{{ config(materialized='table') }}

{{ summed_metrics('vibe') }}
