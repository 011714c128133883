{{ config(materialized='table') }}

{{ summed_metrics('surfside') }}
