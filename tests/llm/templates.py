"""Chat templates with the features that published ones use, and contexts to render them with."""

from __future__ import annotations

CHATML = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful assistant.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""

LLAMA2 = """{% if messages[0]['role'] == 'system' %}
{%- set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}
{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}
{% for message in loop_messages %}
    {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
    {% endif %}
    {% if loop.index0 == 0 and system_message != false %}
        {% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}
    {% else %}{% set content = message['content'] %}{% endif %}
    {% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
    {% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}
{% endfor %}"""

LLAMA3 = """{{- bos_token }}
{%- if custom_tools is defined %}{% set tools = custom_tools %}{% endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}
{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}{%- endif %}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}
{#- The system message. -#}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}{{- "Environment: ipython\\n" }}{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- "<|eot_id|>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '{"name": "' + tool_call.name + '", ' }}{{- '"parameters": ' }}{{- tool_call.arguments | tojson }}{{- "}" }}
    {%- else %}
        {%- if message.content is mapping or message.content is iterable %}{{- message.content | tojson }}
        {%- else %}{{- message.content }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
"""

QWEN = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
    {{- "# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}{%- set content = message.content %}{%- else %}{%- set content = '' %}{%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}{%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or (not loop.last and reasoning_content)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}{{- '<|im_start|>' + message.role + '\\n' + content }}{%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}
                {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
                {{- '<tool_call>\\n{"name": "' }}{{- tool_call.name }}{{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}{{- tool_call.arguments }}{%- else %}{{- tool_call.arguments | tojson }}{%- endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<tool_response>\\n' + content + '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{%- endif %}"""

GEMMA = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}{%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}{%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'assistant') -%}{%- set role = "model" -%}{%- else -%}{%- set role = message['role'] -%}{%- endif -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}{{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}{{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}
        {%- endfor -%}
    {%- else -%}{{ raise_exception("Invalid content type") }}{%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{'<start_of_turn>model\\n'}}{%- endif -%}
"""

MISTRAL = """{%- set user_messages = messages | selectattr("role", "equalto", "user") | list %}
{%- set last = (messages | rejectattr('role', 'in', ['system', 'tool']) | list)[-1] %}
{%- set ns = namespace() %}{%- set ns.index = 0 %}
{%- for message in messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}[{{ ns.index }}/{{ user_messages|length }}:{{ last.role }}]
{%- for message in messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is defined and tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}{{- '"' + key + '": "' + val + '"' }}
                    {%- else %}{{- '"' + key + '": ' + val|tojson }}{%- endif %}
                    {%- if not loop.last %}{{- ", " }}{%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {{- "[INST] " + message["content"] + "[/INST]" }}
    {%- elif message["role"] == "assistant" and message.content is string %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- endif %}
{%- endfor %}
"""

MACROS = """{%- macro render_extra_keys(json_dict, handled_keys) -%}
    {%- if json_dict is mapping %}
        {%- for json_key in json_dict if json_key not in handled_keys %}
            {%- if json_dict[json_key] is mapping or (json_dict[json_key] is sequence and json_dict[json_key] is not string) %}
                {{- '\\n<' ~ json_key ~ '>' ~ (json_dict[json_key] | tojson | safe) ~ '</' ~ json_key ~ '>' }}
            {%- else %}{{-'\\n<' ~ json_key ~ '>' ~ (json_dict[json_key] | string) ~ '</' ~ json_key ~ '>' }}{%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endmacro -%}
{%- macro json_to_python_type(spec, depth=0) %}
{%- set basic = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
{%- if basic[spec.type] is defined %}{{- basic[spec.type] }}
{%- elif spec.type == "array" %}{{- "list[" + json_to_python_type(spec["items"], depth + 1) + "]" }}
{%- elif spec.type is iterable and spec.type is not string %}{{- "Union[" }}
    {%- for t in spec.type %}{{- json_to_python_type({"type": t}) }}{%- if not loop.last %}{{- "," }}{%- endif %}{%- endfor %}{{- "]" }}
{%- elif spec.type == "object" %}dict[{{ spec.properties.keys()|join(', ') }}]@{{ depth }}
{%- else %}{{- "Any" }}{%- endif %}
{%- endmacro %}
{%- macro box(title) %}<{{ title|upper }}>{{ caller('x') if caller is defined else '' }}</{{ title|upper }}>{%- endmacro %}
{% for tool in tools or [] %}
{%- set f = tool.function if tool.function is defined else tool %}
{{ f.name }}({% for name, spec in (f.parameters.properties|default({})).items() %}{{ name }}: {{ json_to_python_type(spec) }}{{ ', ' if not loop.last }}{% endfor %})
{{ render_extra_keys(f, ['name', 'parameters']) }}
{% endfor %}
{% call(y) box('tools') %}{{ y }}{{ messages|length }}{% endcall %}
{{ box(title='none') }}
"""

PIECES = {
    "arithmetic": "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 1.0 }} {{ 1e20 }} {{ 0.1 + 0.2 }} {{ 10 * 1.5 }} {{ -3|abs }} {{ 7.5 % 2 }} {{ 1_000 }}",
    "strings": "{{ 'a' 'b' ~ 1 ~ none ~ true ~ [1, 'x', 2.0, None] ~ {'k': \"it's\"} ~ (1,) ~ () }} {{ 'ab' * 3 }} {{ 'x\\ty\\u00e9\\'' }} {{ \"a\\\\n\" }}",
    "slices": "{{ 'hello'[1:3] }} {{ 'hello'[::-1] }} {{ [1,2,3,4][-2:] }} {{ 'ünï'[0] }} {{ 'abc'[-1] }} {{ (1,2,3)[:2] }} {{ [1,2,3][5:] }} {{ [1,2,3,4,5][::2] }}{{ [1,2,3][::-2] }}",
    "compare": "{{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ 'a' in 'abc' }} {{ 'k' in {'k': 1} }} {{ 2 not in [1] }} {{ none == false }} {{ 'a' < 'b' and not 1 > 2 }} {{ 0 or 'x' }} {{ [] and 1 }} {{ true == 1 }}",
    "conditions": "{{ 'y' if messages else 'n' }} {{ 'only' if nothing }}|{{ nothing }}|{{ nothing is defined }} {{ 1 if 0 else 2 if 0 else 3 }} {{ nothing or 'd' }}",
    "filters": "{{ ' x '|trim }}{{ 'xxaxx'|trim('x') }} {{ [3,1,2]|sort|join('-') }} {{ ['b','A','c']|sort }} {{ [1,2]|first }}{{ []|first|default('none') }} {{ 'hello world-x'|title }} {{ 'hELLO'|capitalize }} {{ '3.7'|int }} {{ 'z'|int(5) }} {{ 3.7|int }} {{ '2.5'|float }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ [1,2,3]|sum }} {{ [1,5,2]|max }} {{ 'abc'|list }} {{ 'a,b'.split(',')|last }} {{ 'abc'|reverse }} {{ [1,1,2]|unique|list }} {{ 'aXbX'|replace('X','-') }} {{ {'b':1,'a':2}|dictsort }} {{ {'a':1}|items|list }} {{ 'x'|upper|lower }} {{ [1,2,3,4,5]|batch(2,0)|list }} {{ ['a','b']|map('upper')|join }} {{ [{'a':{'b':1}},{'a':{'b':2}}]|map(attribute='a.b')|list }} {{ [1,2,3,4]|select('even')|list }} {{ [1,2,3]|reject('odd')|list }} {{ '<a&\"\\'>'|e }} {{ 5|string + '!' }} {{ 'abc'|length }}{{ {}|count }}",
    "methods": "{{ 'A b'.lower() }} {{ 'a'.upper() }} {{ ' a '.strip() }}|{{ 'xaxx'.rstrip('x') }} {{ 'a b  c'.split() }} {{ 'a--b--c'.split('--', 1) }} {{ 'a.b.c'.rsplit('.', 1) }} {{ 'ab'.startswith(('x','a')) }} {{ 'ab'.endswith('b') }} {{ 'hello world'.title() }} {{ 'a-b'.replace('-', '+', 1) }} {{ ', '.join(['x','y']) }} {{ {'a':1}.get('b', 2) }} {{ {'a':1}.get('b') }} {{ {'a':1,'b':2}.keys()|list }} {{ {'a':1}.values()|list }} {{ 'abc'.find('c') }} {{ '12'.isdigit() }} {{ 'x\\ny'.splitlines() }} {{ 'aab'.count('a') }} {{ 'abc'.index('b') }}",
    "tests": "{{ 1 is number }} {{ 's' is string }} {{ [] is sequence }} {{ {} is mapping }} {{ none is none }} {{ 4 is divisibleby 2 }} {{ 3 is odd }} {{ 1.5 is float }} {{ true is boolean }} {{ 'A' is upper }} {{ 1 is not none }} {{ [1] is iterable }} {{ 2 is gt 1 }} {{ 1 is in [1,2] }} {{ range is callable }} {{ true is true }} {{ 1 is integer }} {{ 'a' is eq('a') }}",
    "loops": "{% for i in range(5) if i != 2 %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ ',' if not loop.last }}{% else %}none{% endfor %}{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }} {% endfor %}{% for x in [] %}{% else %}empty{% endfor %}{% for i in range(10) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %} {% for x in 'ab' %}{{ loop.cycle('p','q') }}{{ loop.previtem|default('-') }}{{ loop.nextitem|default('-') }}{{ loop.revindex0 }}{% endfor %}{% for a in [1,2] %}{% for b in [3,4] %}{{ a*b }}{{ loop.first }}{% endfor %}{{ loop.last }}{% endfor %}{% for x in [1,1,2] %}{{ loop.changed(x) }}{% endfor %}",
    "scopes": "{% set x = 1 %}{% for i in [1,2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set ns = namespace(v=0) %}{% for i in range(4) %}{% set ns.v = ns.v + i %}{% endfor %}{{ ns.v }}{% set block %}<{{ x }}>{% endset %}{{ block }}{% with y = 3, z = x %}{{ y }}{{ z }}{% endwith %}{{ y is defined }}{% set up | upper %}abc{% endset %}{{ up }}{% filter upper %}f{{ x }}f{% endfilter %}",
    "space": "a\n  {% if true %}\n  b\n  {% endif %}\nc\n{%- if true -%}  d  {%- endif +%}\n e {{- 'f' -}} g\n{# comment #}\nh {#- c -#} i\n   {%+ if true %}j{% endif %}\n{% raw %}{{ x }} {% y %}{% endraw %}\n\t{% set q = 1 %}\t\nk\r\nl\n{{ 'm' }}\nn\n\n",
    "json": "{{ {'a': [1, 2.5, none, true], 'é\"': 'x\\n\\u0001<>&', 'n': {}, 'l': []} | tojson }} {{ {'b': [1, {'c': 2}], 'a': {}} | tojson(indent=2) }} {{ [1]|tojson(indent=None) }} {{ {'b':1,'a':2}|tojson(sort_keys=true) }} {{ [1,{'a':2}]|tojson(separators=(',', ':')) }} {{ 'é😀'|tojson(ensure_ascii=true) }}",
    "indent": "{{ 'a\\nb\\n\\nc'|indent(2) }}|{{ 'a\\nb'|indent(2, true) }}|{{ 'a\\nb'|indent(width=3) }}",
    "generation": "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "bad name": "{{ nothing.x }}", "bad call": "{{ nothing() }}", "bad add": "{{ 1 + 'a' }}", "bad filter": "{{ 1|nofilter }}", "bad tag": "{% nothing %}",
    "bad zero": "{{ 1 // 0 }}", "bad end": "{% if x %}", "raise": "{{ raise_exception('no') }}", "bad string": "{{ 'abc }}", "bad unpack": "{% set a, b = [1] %}",
}

TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "Weather of a \"place\"", "parameters": {
        "type": "object", "properties": {"place": {"type": "string", "description": "é <b> & 'c'"}, "days": {"type": "integer"},
                                         "tags": {"type": "array", "items": {"type": ["string", "null"]}},
                                         "more": {"type": "object", "properties": {"a": {}, "b": {}}}}, "required": ["place"]}, "return": {"type": "string"}}},
    {"type": "function", "function": {"name": "now", "strict": True, "parameters": {"type": "object", "properties": {}}}},
]
CALL = {"type": "function", "function": {"name": "get_weather", "arguments": {"place": "Köln", "days": 3, "x": 1.5, "y": None, "z": [True]}}}
MESSAGES = {
    "one": [{"role": "user", "content": "Hi  there\n"}],
    "system": [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Was ist 1+1? 😀"}],
    "many": [{"role": "system", "content": "S"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nb"},
             {"role": "user", "content": "c\t"}],
    "wrong order": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}],
    "tools": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "tool_calls": [CALL]},
              {"role": "tool", "content": "{\"t\": 3}"}, {"role": "tool", "content": "x"}, {"role": "assistant", "content": "done"}],
    "parts": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " look "}]}],
}
TEMPLATES = {"chatml": CHATML, "llama2": LLAMA2, "llama3": LLAMA3, "qwen": QWEN, "gemma": GEMMA, "mistral": MISTRAL, "macros": MACROS, **PIECES}


def contexts() -> list[dict]:
    out = []
    for messages in MESSAGES.values():
        for tools in (None, TOOLS):
            for prompt in (False, True):
                context: dict = {"messages": messages, "add_generation_prompt": prompt, "bos_token": "<s>", "eos_token": "</s>"}
                if tools:
                    context["tools"] = tools
                    context["enable_thinking"] = False
                out.append(context)
    return out
