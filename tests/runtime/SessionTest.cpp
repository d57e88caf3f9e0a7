// Models and sessions through the C API: queries, runs, and a clear message for every wrong use.
#include "tests/runtime/Sample.h"

#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>

using namespace tensel::rt;
using namespace tensel::rt::test;

namespace {

/// The sample with a session for one function.
class Session {
public:
  Session(int32_t function, tensel_session_options options = {1, 0, nullptr, 0, 0}) : model(samplePackage()) {
    tensel_error_t error;
    EXPECT_EQ(tensel_session_create(model, function, &options, &session, &error), TENSEL_OK) << error.message;
  }
  ~Session() { tensel_session_destroy(session); }
  operator tensel_session *() { return session; }
  std::string message() { return tensel_session_message(session); }
  LoadedModel model;

private:
  tensel_session *session = nullptr;
};

/// Runs scale_add on `rows` rows and checks the numbers.
void runScaleAdd(tensel_session *session, int64_t rows) {
  std::vector<float> x, y;
  for (int64_t i = 0; i < rows * 4; ++i) {
    x.push_back(float(i));
    y.push_back(0.5f * float(i % 7));
  }
  int64_t dims[] = {rows, 4};
  ASSERT_EQ(tensel_session_set_input(session, 0, x.data(), TENSEL_F32, dims, 2), TENSEL_OK);
  ASSERT_EQ(tensel_session_set_input_named(session, "y", y.data(), TENSEL_F32, dims, 2), TENSEL_OK);
  ASSERT_EQ(tensel_session_run(session), TENSEL_OK) << tensel_session_message(session);
  const void *data;
  const int64_t *outDims;
  int32_t rank;
  ASSERT_EQ(tensel_session_output(session, 0, &data, &outDims, &rank), TENSEL_OK);
  ASSERT_EQ(rank, 2);
  EXPECT_EQ(outDims[0], rows);
  EXPECT_EQ(outDims[1], 4);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(static_cast<const float *>(data)[i], x[i] * float(i % 4 + 1) + y[i]) << i;
}

TEST(Model, Queries) {
  LoadedModel model(samplePackage());
  EXPECT_EQ(tensel_model_function_count(model), 3);
  EXPECT_STREQ(tensel_model_function_name(model, 1), "misbehave");
  EXPECT_EQ(tensel_model_function_name(model, 3), nullptr);
  EXPECT_EQ(tensel_model_find_function(model, "misbehave"), 1);
  EXPECT_EQ(tensel_model_find_function(model, "none"), -1);
  EXPECT_EQ(tensel_model_input_count(model, 0), 2);
  EXPECT_EQ(tensel_model_output_count(model, 0), 1);
  EXPECT_EQ(tensel_model_input_count(model, 5), 0);
  tensel_tensor_info info;
  ASSERT_EQ(tensel_model_input(model, 0, 1, &info), TENSEL_OK);
  EXPECT_STREQ(info.name, "y");
  EXPECT_EQ(info.type, TENSEL_F32);
  ASSERT_EQ(info.rank, 2);
  EXPECT_EQ(info.dims[0], -1);
  EXPECT_EQ(info.symbols[0], 0);
  EXPECT_EQ(info.dims[1], 4);
  EXPECT_EQ(info.symbols[1], -1);
  EXPECT_EQ(tensel_model_input(model, 0, 2, &info), TENSEL_INVALID_ARGUMENT);
  ASSERT_EQ(tensel_model_output(model, 1, 0, &info), TENSEL_OK);
  EXPECT_STREQ(info.name, "out");
  EXPECT_EQ(tensel_model_symbol_count(model), 1);
  tensel_symbol_info symbol;
  ASSERT_EQ(tensel_model_symbol(model, 0, &symbol), TENSEL_OK);
  EXPECT_STREQ(symbol.name, "N");
  EXPECT_EQ(symbol.min, 2);
  EXPECT_EQ(symbol.max, 64);
  EXPECT_EQ(symbol.step, 2);
  EXPECT_EQ(tensel_model_peak_bytes(model, 0), 64 * 16 + 128);
  EXPECT_STREQ(tensel_model_cpu_level(model), "x86-64");
}

TEST(Model, UnalignedBytesAreCopied) {
  std::vector<uint8_t> bytes = samplePackage();
  bytes.insert(bytes.begin(), 1);
  tensel_model *model;
  tensel_error_t error;
  ASSERT_EQ(tensel_model_load_memory(bytes.data() + 1, bytes.size() - 1, &model, &error), TENSEL_OK) << error.message;
  bytes.assign(bytes.size(), 0);
  EXPECT_STREQ(tensel_model_function_name(model, 0), "scale_add");
  tensel_model_destroy(model);
}

TEST(Model, TheEnvironmentLowersTheLevel) {
  auto message = [] {
    std::vector<uint8_t> bytes = samplePackage();
    tensel_model *model;
    tensel_error_t error = {};
    tensel_model_load_memory(bytes.data(), bytes.size(), &model, &error);
    tensel_model_destroy(model);
    return std::string(error.message);
  };
  setenv("TENSEL_CPU_LEVEL", "pentium", 1);
  EXPECT_EQ(message(), "TENSEL_CPU_LEVEL: found 'pentium', expected x86-64, x86-64-v2, x86-64-v3 or x86-64-v4");
  setenv("TENSEL_CPU_LEVEL", "x86-64", 1);
  EXPECT_EQ(message(), "");
  unsetenv("TENSEL_CPU_LEVEL");
}

TEST(Model, NullHandlesAreFine) {
  tensel_error_t error;
  EXPECT_EQ(tensel_model_load_file(nullptr, nullptr, nullptr), TENSEL_INVALID_ARGUMENT);
  tensel_model *model;
  EXPECT_EQ(tensel_model_load_file(nullptr, &model, &error), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(tensel_model_load_memory(nullptr, 1, &model, &error), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(tensel_model_load_static(nullptr, &model, &error), TENSEL_INVALID_ARGUMENT);
  tensel_model_destroy(nullptr);
  tensel_session_destroy(nullptr);
  EXPECT_EQ(tensel_model_function_count(nullptr), 0);
  EXPECT_EQ(tensel_session_run(nullptr), TENSEL_INVALID_ARGUMENT);
  EXPECT_STREQ(tensel_session_message(nullptr), "");
  EXPECT_EQ(tensel_elem_type_size(TENSEL_BF16), 2u);
  EXPECT_EQ(tensel_elem_type_size(tensel_elem_type(0)), 0u);
  EXPECT_STREQ(tensel_elem_type_name(tensel_elem_type(99)), "unknown");
  EXPECT_STREQ(tensel_status_name(TENSEL_OUT_OF_RANGE), "out of range");
}

TEST(Session, RunsAllSizes) {
  for (int32_t threads : {1, 2, 5}) {
    Session session(0, {threads, 0, nullptr, 0, 0});
    EXPECT_EQ(tensel_session_thread_count(session), threads);
    for (int64_t rows : {2, 64, 10, 2, 64})
      runScaleAdd(session, rows);
  }
}

TEST(Session, ManyAtOnce) {
  LoadedModel model(samplePackage());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      tensel_session_options options = {2, 0, nullptr, 0, 0};
      tensel_session *session;
      ASSERT_EQ(tensel_session_create(model, 0, &options, &session, nullptr), TENSEL_OK);
      for (int round = 0; round < 200; ++round)
        runScaleAdd(session, 2 + round % 32 * 2);
      tensel_session_destroy(session);
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(Session, WrongInputs) {
  Session session(0);
  alignas(8) char buffer[2048] = {};
  auto set = [&](const char *name, const void *data, tensel_elem_type type, std::vector<int64_t> dims) {
    tensel_status_t status = tensel_session_set_input_named(session, name, data, type, dims.data(), int32_t(dims.size()));
    return status == TENSEL_OK ? "" : session.message();
  };
  EXPECT_EQ(tensel_session_run(session), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(session.message(), "input 'x' is not set");
  EXPECT_EQ(set("q", buffer, TENSEL_F32, {2, 4}), "the function has no input 'q'; its first is 'x'");
  EXPECT_EQ(set("x", buffer, TENSEL_F64, {2, 4}), "input 'x': found element type f64, expected f32");
  EXPECT_EQ(set("x", buffer, TENSEL_F32, {2}), "input 'x': found rank 1, expected 2");
  EXPECT_EQ(set("x", buffer, TENSEL_F32, {2, 5}), "input 'x', dim 1: found 5, expected 4");
  EXPECT_EQ(set("x", buffer, TENSEL_F32, {0, 4}), "input 'x', dim 0 ('N'): found 0, expected 2 to 64");
  EXPECT_EQ(set("x", buffer, TENSEL_F32, {-3, 4}), "input 'x', dim 0 ('N'): found -3, expected 2 to 64");
  EXPECT_EQ(set("x", buffer, TENSEL_F32, {66, 4}), "input 'x', dim 0 ('N'): found 66, expected 2 to 64");
  EXPECT_EQ(set("x", buffer, TENSEL_F32, {5, 4}), "input 'x', dim 0 ('N'): found 5, expected a multiple of 2");
  EXPECT_EQ(set("x", nullptr, TENSEL_F32, {2, 4}), "input 'x': data is null");
  EXPECT_EQ(set("x", buffer + 1, TENSEL_F32, {2, 4}), "input 'x': data is not aligned to its elements of 4 bytes");
  EXPECT_EQ(tensel_session_set_input(session, 2, buffer, TENSEL_F32, nullptr, 0), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(session.message(), "input 2: the function has 2 inputs");
  EXPECT_EQ(set("x", buffer, TENSEL_F32, {2, 4}), "");
  EXPECT_EQ(set("y", buffer, TENSEL_F32, {4, 4}), "");
  EXPECT_EQ(tensel_session_run(session), TENSEL_OUT_OF_RANGE);
  EXPECT_EQ(session.message(), "input 'y', dim 0 ('N'): found 4, expected 2 as in an input before");
  const void *data;
  EXPECT_EQ(tensel_session_output(session, 0, &data, nullptr, nullptr), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(session.message(), "there is no output: the session has not run, or its last run failed");
}

TEST(Session, Limits) {
  tensel_symbol_limit limit = {"N", 9};
  Session session(0, {1, 0, &limit, 1, 0});
  EXPECT_EQ(tensel_session_arena_bytes(session), 8 * 16 + 128);
  runScaleAdd(session, 8);
  float data[64] = {};
  int64_t dims[] = {10, 4};
  EXPECT_EQ(tensel_session_set_input(session, 0, data, TENSEL_F32, dims, 2), TENSEL_OUT_OF_RANGE);
  EXPECT_EQ(session.message(), "input 'x', dim 0 ('N'): found 10, this session's limit is 8");
}

TEST(Session, RefusedOptions) {
  auto message = [](int64_t maxRows, tensel_session_options options) {
    LoadedModel model(samplePackage(maxRows));
    tensel_session *session;
    tensel_error_t error = {};
    tensel_session_create(model, 0, &options, &session, &error);
    tensel_session_destroy(session);
    return std::string(error.message);
  };
  tensel_symbol_limit unknown = {"M", 9}, low = {"N", 1}, high = {"N", 65}, huge = {"N", int64_t(1) << 45};
  EXPECT_EQ(message(64, {1, 0, &unknown, 1, 0}), "limit 0: the model has no symbol 'M'");
  EXPECT_EQ(message(64, {1, 0, &low, 1, 0}), "limit of symbol 'N': found 1, expected 2 to 64");
  EXPECT_EQ(message(64, {1, 0, &high, 1, 0}), "limit of symbol 'N': found 65, expected 2 to 64");
  EXPECT_EQ(message(64, {1, 0, nullptr, 1, 0}), "the options count 1 limits, but limits is null");
  EXPECT_EQ(message(64, {-1, 0, nullptr, 0, 0}), "threads: found -1, expected 0 to 1024");
  EXPECT_EQ(message(-1, {1, 0, nullptr, 0, 0}), "symbol 'N' has no declared maximum: the session needs a limit");
  EXPECT_NE(message(-1, {1, 0, &huge, 1, 0}).find("the session needs an arena of 562949953421440 bytes; this machine has "),
            std::string::npos);
  EXPECT_EQ(message(-1, {1, 0, &high, 1, 0}), "");
  LoadedModel model(samplePackage());
  tensel_session *session;
  tensel_error_t error;
  EXPECT_EQ(tensel_session_create(model, 4, nullptr, &session, &error), TENSEL_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "function 4: the model has 3");
}

TEST(Session, ProgramsThatFail) {
  Session session(1);
  auto run = [&](int64_t what) {
    EXPECT_EQ(tensel_session_set_input(session, 0, &what, TENSEL_I64, nullptr, 0), TENSEL_OK);
    return tensel_session_run(session) == TENSEL_OK ? "" : session.message();
  };
  EXPECT_EQ(run(0), "");
  const void *data;
  ASSERT_EQ(tensel_session_output(session, 0, &data, nullptr, nullptr), TENSEL_OK);
  EXPECT_EQ(*static_cast<const float *>(data), 0.0f); // exp(0) - 1
  EXPECT_EQ(run(1), "dims disagree at 'second (MatMul)' (1): found 3, expected 4");
  EXPECT_EQ(run(2), "the program failed with code 7");
  EXPECT_EQ(run(3), "output 'out', dim 0: the program gave 3, expected 2");
  EXPECT_EQ(run(4), "output 'out': the program gave no data");
  EXPECT_EQ(run(5), "value 'out' (0) needs 100 bytes, the session reserved 8");
  EXPECT_EQ(run(6), "bad value at '' (99): found -1, expected 0");
  EXPECT_EQ(tensel_session_output(session, 0, &data, nullptr, nullptr), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(run(0), "");
}

TEST(Session, StatesAreWrittenInPlace) {
  Session session(2), other(2);
  const int64_t four = 4;
  float x[4] = {1, 2, 3, 4}, total[4] = {};
  EXPECT_EQ(tensel_session_set_input(session, 1, total, TENSEL_F32, &four, 1), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(session.message(),
            "input 'total' is a state: expected memory that the run may write, set with tensel_session_set_state");
  EXPECT_EQ(tensel_session_set_state(session, 0, x, TENSEL_F32, &four, 1), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(session.message(), "input 'x' is no state: expected a call of tensel_session_set_input");
  EXPECT_EQ(tensel_session_set_state(session, 2, total, TENSEL_F32, &four, 1), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(session.message(), "state 2: the function has 2 inputs");
  EXPECT_EQ(tensel_session_set_state(session, 1, nullptr, TENSEL_F32, &four, 1), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(tensel_session_set_state(nullptr, 1, total, TENSEL_F32, &four, 1), TENSEL_INVALID_ARGUMENT);

  // Two sessions go on with one state.
  for (tensel_session *s : {static_cast<tensel_session *>(session), static_cast<tensel_session *>(other)}) {
    ASSERT_EQ(tensel_session_set_input(s, 0, x, TENSEL_F32, &four, 1), TENSEL_OK);
    ASSERT_EQ(tensel_session_set_state(s, 1, total, TENSEL_F32, &four, 1), TENSEL_OK);
    ASSERT_EQ(tensel_session_run(s), TENSEL_OK) << tensel_session_message(s);
    const void *data;
    ASSERT_EQ(tensel_session_output(s, 0, &data, nullptr, nullptr), TENSEL_OK);
    EXPECT_EQ(data, total);
  }
  EXPECT_EQ(total[3], 8.0f);
  x[0] = -1;
  EXPECT_EQ(tensel_session_run(session), TENSEL_PROGRAM_FAILED);
  EXPECT_EQ(session.message(), "output 'total.next': the program did not leave it in the state's memory");
}

TEST(Session, Profile) {
  Session session(0, {2, 1, nullptr, 0, 0});
  for (int round = 0; round < 3; ++round)
    runScaleAdd(session, 64);
  ASSERT_EQ(tensel_session_kernel_count(session), 2);
  tensel_kernel_info info;
  ASSERT_EQ(tensel_session_kernel(session, 0, &info), TENSEL_OK);
  EXPECT_STREQ(info.name, "k0");
  EXPECT_EQ(info.flops, 128);
  EXPECT_EQ(info.calls, 3);
  EXPECT_GT(info.nanoseconds, 0);
  ASSERT_EQ(tensel_session_kernel(session, 1, &info), TENSEL_OK);
  EXPECT_EQ(info.calls, 0);
  EXPECT_EQ(tensel_session_kernel(session, 2, &info), TENSEL_INVALID_ARGUMENT);
  EXPECT_EQ(tensel_session_event_count(session, nullptr), 0);
}

/// Two runs of 64 rows: each is an event of the dispatch, behind those of the threads that shared it.
TEST(Session, Events) {
  tensel_session_options options = {2, 1, nullptr, 0, 1000};
  Session session(0, options);
  for (int round = 0; round < 2; ++round)
    runScaleAdd(session, 64);
  int64_t kept = 0, shares = 0, wholes = 0, seen = 0;
  EXPECT_EQ(tensel_session_event_count(session, &kept), kept);
  for (int64_t i = 0; i < kept; ++i) {
    tensel_event event;
    ASSERT_EQ(tensel_session_event(session, i, &event), TENSEL_OK);
    EXPECT_EQ(event.dispatch, 0);
    EXPECT_GE(event.nanoseconds, 0);
    (event.is_share ? shares : wholes) += 1;
    if (event.is_share)
      continue;
    EXPECT_EQ(event.flops, 8 * 64);
    EXPECT_EQ(event.bytes, 32 * 64 + 16 + 16 * 64);
    // Its shares came before it, and lie within it.
    for (; seen < i; ++seen) {
      tensel_event share;
      ASSERT_EQ(tensel_session_event(session, seen, &share), TENSEL_OK);
      EXPECT_GE(share.begin, event.begin);
      EXPECT_LE(share.begin + share.nanoseconds, event.begin + event.nanoseconds);
    }
    seen = i + 1;
  }
  EXPECT_EQ(wholes, 2);
  EXPECT_GE(shares, 2);
  tensel_event event;
  EXPECT_EQ(tensel_session_event(session, kept, &event), TENSEL_INVALID_ARGUMENT);

  options.events = 1;
  Session small(0, options);
  runScaleAdd(small, 64);
  EXPECT_GT(tensel_session_event_count(small, &kept), 1);
  EXPECT_EQ(kept, 1);
}

TEST(Session, DispatchesNameTheirNodes) {
  LoadedModel model(samplePackage());
  EXPECT_EQ(tensel_model_dispatch_kernel(model, 0, 0), 0);
  EXPECT_EQ(tensel_model_dispatch_kernel(model, 1, 0), 1);
  EXPECT_EQ(tensel_model_dispatch_kernel(model, 0, 1), -1);
  EXPECT_STREQ(tensel_model_dispatch_node(model, 0, 0, 1), "mul");
  EXPECT_EQ(tensel_model_dispatch_node(model, 0, 0, 2), nullptr);
  EXPECT_EQ(tensel_model_dispatch_node(model, 3, 0, 0), nullptr);
}

} // namespace
