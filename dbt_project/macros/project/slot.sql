{# The partition that holds the kept sums of one kind of period and a sixteenth of the clients: few enough to be locked in
   one transaction, whatever the number of clients, and small enough to be written anew for one of them. #}
{% macro slot(client_id, period) -%}
    {{ period }} || ' ' || left(md5({{ client_id }}), 1)
{%- endmacro %}
