{# Prints the first rows of every failed data test: dbt itself prints their number only. #}
{% macro name_failing_rows(results, limit=5) %}
    {% if execute %}
        {% for result in results
            if result.node.resource_type == 'test' and result.status in ('fail', 'warn') and result.node.compiled_code %}
            {% do log(result.node.name ~ ': ' ~ result.failures ~ ' rows, the first are', info=true) %}
            {% set failing %}select * from ({{ result.node.compiled_code }}) as failing limit {{ limit }}{% endset %}
            {% for row in run_query(failing).rows %}
                {% set cells = [] %}
                {% for name, value in row.dict().items() %}
                    {% do cells.append(name ~ '=' ~ value) %}
                {% endfor %}
                {% do log('  ' ~ cells | join(' '), info=true) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
{% endmacro %}
