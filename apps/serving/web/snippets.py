"""How to call a route, ready to be copied. The key is the caller's own and stands in the environment."""


def curl(public_url: str, route_name: str) -> str:
    return f"""curl {public_url}/v1/chat/completions \\
  -H "Authorization: Bearer $LLMOPS_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{route_name}", "messages": [{{"role": "user", "content": "Hello"}}]}}'"""


def python(public_url: str, route_name: str) -> str:
    return f"""import os
from openai import OpenAI

client = OpenAI(base_url="{public_url}/v1", api_key=os.environ["LLMOPS_KEY"])
answer = client.chat.completions.create(
    model="{route_name}", messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.choices[0].message.content)"""
