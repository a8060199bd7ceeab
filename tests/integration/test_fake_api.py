"""The official SDK talks to the fake API: what the fake says is what a real client understands."""

import json
import unittest

import anthropic

from fake_anthropic import FakeApi

ASK = {"model": "claude-sonnet-5-5", "max_tokens": 1024,
       "messages": [{"role": "user", "content": "causes:\n<data-ab>\ndb probability=0.9\n  E1 onset\n</data-ab>\n"}]}
SCHEMA = {"type": "object", "additionalProperties": False, "required": ["a"], "properties": {"a": {"type": "string"}}}


class Sdk(unittest.TestCase):
    def client(self, fake, **more):
        return anthropic.Anthropic(base_url=fake.url, max_retries=0, **({"api_key": "test-key"} | more))

    def test_a_message_comes_with_its_thinking_block_first(self):
        with FakeApi() as fake:
            message = self.client(fake).messages.create(**ASK)
        self.assertEqual([block.type for block in message.content], ["thinking", "text"])
        self.assertEqual(json.loads(message.content[1].text)["root_cause_service"], "db")
        self.assertEqual(message.usage.output_tokens, 420)

    def test_a_stream_is_the_same_message(self):
        with FakeApi() as fake, self.client(fake).messages.stream(**ASK) as stream:
            message = stream.get_final_message()
        self.assertEqual(json.loads(message.content[-1].text)["root_cause_service"], "db")
        self.assertEqual(message.stop_reason, "end_turn")
        self.assertEqual(message.usage.output_tokens, 420)

    def test_models_and_counting(self):
        with FakeApi() as fake:
            client = self.client(fake)
            self.assertIn("claude-sonnet-5-5", [model.id for model in client.models.list()])
            self.assertGreater(client.messages.count_tokens(model=ASK["model"], messages=ASK["messages"]).input_tokens, 0)

    def test_a_bearer_token_is_taken(self):
        with FakeApi() as fake:
            client = anthropic.Anthropic(base_url=fake.url, auth_token="test-token", api_key=None, max_retries=0)
            self.assertEqual(client.messages.create(**ASK).role, "assistant")

    def test_errors_are_the_sdks(self):
        for mode, error in (("401", anthropic.AuthenticationError), ("429", anthropic.RateLimitError),
                            ("500", anthropic.InternalServerError), ("529", anthropic.InternalServerError),
                            ("402", anthropic.APIStatusError)):
            with FakeApi(mode) as fake, self.assertRaises(error, msg=mode):
                self.client(fake).messages.create(**ASK)

    def test_the_sdk_retries_as_the_headers_say(self):
        with FakeApi("500", "success") as fake:
            self.assertEqual(self.client(fake).with_options(max_retries=2).messages.create(**ASK).role, "assistant")
            self.assertEqual(len(fake.requests), 2)

    def test_what_models_refuse_is_refused(self):
        closed = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
        rows = {
            "sampling": {"temperature": 0.5},
            "prefill": {"messages": ASK["messages"] + [{"role": "assistant", "content": "{"}]},
            "forced tool": {"tools": [{"name": "t", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"}},
            "manual thinking": {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4000},
            "an unknown field": {"frequency": 1},
            "the beta form": {"output_format": {"type": "json_schema", "schema": SCHEMA}},
            "an open object": {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
            "a range": {"output_config": {"format": {"type": "json_schema", "schema": {
                "type": "object", "additionalProperties": False, "properties": {"n": {"type": "integer", "minimum": 1}}}}}},
            "effort on an old model": {"model": "claude-haiku-4-5-20251001", "output_config": {"effort": "low"}},
        }
        with FakeApi() as fake:
            client = self.client(fake)
            for about, more in rows.items():
                with self.subTest(about), self.assertRaises(anthropic.BadRequestError):
                    client.post("/v1/messages", body={**ASK, **more}, cast_to=object)
            with self.assertRaises(anthropic.NotFoundError):
                client.messages.create(**{**ASK, "model": "claude-3-opus"})
            self.assertIsNotNone(client.post("/v1/messages", body={**ASK, **closed}, cast_to=object))

    def test_a_refusal_is_status_200(self):
        with FakeApi("refusal") as fake:
            self.assertEqual(self.client(fake).messages.create(**ASK).stop_reason, "refusal")


if __name__ == "__main__":
    unittest.main()
