"""The smallest workflow: ask a question, and wait for the answer as long as it takes."""

import kwf_runtime as W

manifest = {"output_topics": ["questions"]}


async def main(name: str) -> str:
    answer = W.suspend("colour")
    W.output(f"What is your favourite colour, {name}?", "questions")
    return f"{name} likes {await answer}"
