{# Months whose rows were archived are final, and so is the beginning of the week that the last of them ends in. A unit
   test knows of no archived month. #}

{# First day of the first month that is not archived. Before it there are no rows of single creatives. #}
{% macro first_hot_day() -%}
    {{ horizon('first_hot_day') }}
{%- endmacro %}

{# First Monday that is not archived: every day before it rests on what is published, for good. #}
{% macro first_open_day() -%}
    {{ horizon('first_open_day') }}
{%- endmacro %}

{% macro horizon(day) -%}
    {%- if is_unit_test() -%}
        cast('0001-01-01' as date)
    {%- else -%}
        (select {{ day }} from {{ source('ledger', 'horizon') }})
    {%- endif -%}
{%- endmacro %}

{# What the final days rest on, to select from. Also in a full refresh. #}
{% macro final_days() %}
    {% if not execute %}{% do first_open_day() %}{{ return('') }}{% endif %}
    {% if is_unit_test() %}{{ return(no_final_days()) }}{% endif %}
    {% set relation = live_relation(graph.nodes['model.' ~ project_name ~ '.int_source_days__published']) %}
    {{ return('(select * from ' ~ relation ~ ' where date < ' ~ first_open_day() ~ ')') }}
{% endmacro %}

{% macro no_final_days() %}
    (
        select
            cast(null as text) as client_id, cast(null as text) as source, cast(null as date) as date,
            cast(null as text) as client_name, cast(null as text) as delivery_id, cast(null as numeric(10, 4)) as cpm,
            cast(null as text) as currency
        where false
    )
{% endmacro %}

{# The rows that a full refresh cannot make anew, to select from, in the columns of the contract: those that the model's
   `keeps` picks. Its words first_hot_day and first_open_day stand for those days. #}
{% macro kept_rows(node) %}
    {% set relation = live_relation(node) %}
    {% set there = (live_shape(node) or ':').split(':')[1].split(',') %}
    {% set columns = [] %}
    {% for column in node.columns.values() %}
        {% do columns.append(
            column.name if column.name in there else 'cast(null as ' ~ column.data_type ~ ') as ' ~ column.name
        ) %}
    {% endfor %}
    {{ return('(select ' ~ columns | join(', ') ~ ' from ' ~ relation ~ ' where ' ~ is_kept(node) ~ ')') }}
{% endmacro %}

{# Condition: a full refresh keeps the row. #}
{% macro is_kept(node) %}
    {{ return(dated(node.config.get('keeps', 'false'))) }}
{% endmacro %}

{# A condition of a model's config with the days that its words stand for. #}
{% macro dated(condition) %}
    {{ return(condition | replace('first_hot_day', first_hot_day()) | replace('first_open_day', first_open_day())) }}
{% endmacro %}

{# Condition: this build makes everything anew. #}
{% macro is_full_refresh() %}
    {{ return('true' if flags.FULL_REFRESH else 'false') }}
{% endmacro %}

{% macro is_unit_test() %}
    {{ return(model is defined and model.resource_type == 'unit_test') }}
{% endmacro %}
