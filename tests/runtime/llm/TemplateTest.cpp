// Chat templates: messages of errors, and the limits. That they render as Jinja2 does is tests/llm's.
#include "runtime/llm/ChatTemplate.h"

#include <gtest/gtest.h>

using namespace tensel::text;

static std::string render(const std::string &source, const std::string &context = "{}", const RenderOptions &options = {}) {
  auto chat = ChatTemplate::parse(source);
  if (!chat)
    return "error: " + chat.message();
  auto json = JsonDocument::parse(context);
  auto text = chat->render(json->root(), options);
  return text ? *text : "error: " + text.message();
}

TEST(Template, Renders) {
  EXPECT_EQ(render("{% for m in messages %}<{{ m.role }}>{{ m['content'] | trim }}{% endfor %}",
                   R"({"messages": [{"role": "user", "content": " hi "}]})"),
            "<user>hi");
}

TEST(Template, NamesWhatIsWrong) {
  EXPECT_EQ(render("a\n{{ nothing.x }}"), "error: template, line 2: 'nothing' is undefined");
  EXPECT_EQ(render("{{ raise_exception('only two roles') }}"), "error: template, line 1: the template refuses: only two roles");
  EXPECT_EQ(render("{{ 1 + 'a' }}"), "error: template, line 1: found an integer and a string around '+'");
  EXPECT_EQ(render("{% if x %}"), "error: template, line 1: found the end of the template, expected 'endif'");
  EXPECT_NE(render("{{ 1 | nofilter }}").find("found the filter 'nofilter', expected one of"), std::string::npos);
  EXPECT_NE(render("{% include 'x' %}").find("found the statement 'include'"), std::string::npos);
}

TEST(Template, KeepsItsLimits) {
  RenderOptions options;
  options.steps = 1000;
  EXPECT_NE(render("{% for i in range(1000) %}{{ i }}{% endfor %}", "{}", options).find("more than 1000 steps"),
            std::string::npos);
  options = {};
  options.output = 100;
  EXPECT_NE(render("{% for i in range(1000) %}{{ i }}{% endfor %}", "{}", options).find("more than 100 bytes"),
            std::string::npos);
  EXPECT_NE(render("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}").find("levels of calls"), std::string::npos);
}

TEST(Template, MacrosOutliveTheirScope) {
  EXPECT_EQ(render("{% set ns = namespace() %}{% for i in [1, 2] %}{% macro f(x) %}{{ x }}{{ i }}{% endmacro %}{% set ns.f = f "
                   "%}{% endfor %}{{ ns.f('a') }}"),
            "a2");
}
