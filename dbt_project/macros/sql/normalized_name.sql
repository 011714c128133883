{# A delivered name as a key: Unicode NFC, white space (tab, no-break space and the other Unicode blanks too) trimmed
   and collapsed to one blank, case kept; a blank level is called '(not set)'. Most names need none of it, which one
   look at the characters tells without the costly steps. #}
{% macro normalized_name(name) -%}
    {%- set blanks -%}
        [\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+
    {%- endset -%}
    case
        when {{ name }} ~ '^[!-~]+( [!-~]+)*$' then {{ name }}
        else coalesce(nullif(trim(regexp_replace(normalize({{ name }}, nfc), '{{ blanks }}', ' ', 'g')), ''), '(not set)')
    end
{%- endmacro %}
