{# The partition that holds the kept sums of one kind of period and a 64th of the clients' sources: few enough to be locked
   in one transaction, whatever the number of clients, and small enough to be written anew for one of them. #}
{% macro slot(client_id, source, period) -%}
    {{ period }} || ' '
    || cast(cast('x' || left(md5({{ client_id }} || chr(9) || {{ source }}), 2) as bit(8)) as integer) % 64
{%- endmacro %}
