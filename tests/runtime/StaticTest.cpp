// Models linked into the program: a package without code and entry points given by the program itself.
#include "tensel/kernel_abi.h"
#include "tests/runtime/Sample.h"

#include <gtest/gtest.h>

using namespace tensel::rt;
using namespace tensel::rt::test;

/// x * w + y, as the sample's own.
static int32_t scaleAdd(tensel_host_env *env, const tensel_abi_tensor *in, tensel_abi_tensor *out) {
  auto *w = static_cast<const float *>(env->weights[1]);
  auto *z = reinterpret_cast<float *>(static_cast<char *>(env->arena) + env->offsets[1]);
  for (int64_t i = 0; i < in[0].dims[0] * 4; ++i)
    z[i] = static_cast<float *>(in[0].data)[i] * w[i % 4] + static_cast<float *>(in[1].data)[i];
  out[0].data = z;
  out[0].dims[0] = in[0].dims[0];
  out[0].dims[1] = 4;
  return 0;
}

static int32_t never(tensel_host_env *, const tensel_abi_tensor *, tensel_abi_tensor *) { return 1; }

TEST(Static, Runs) {
  std::vector<uint8_t> bytes;
  ASSERT_EQ(sampleWriter().serialize(bytes, false), "");
  Aligned package(bytes);
  const tensel_entry_fn base[] = {scaleAdd, never, never}, tooNew[] = {never, never, never};
  const tensel_static_level levels[] = {{"x86-64", base}, {"x86-64-v99", tooNew}};
  tensel_static_model description = {TENSEL_KERNEL_ABI_VERSION, 2, package.data(), package.size(), levels};
  tensel_model *model;
  tensel_error_t error;
  ASSERT_EQ(tensel_model_load_static(&description, &model, &error), TENSEL_OK) << error.message;
  EXPECT_STREQ(tensel_model_cpu_level(model), "x86-64");
  tensel_session *session;
  ASSERT_EQ(tensel_session_create(model, 0, nullptr, &session, &error), TENSEL_OK) << error.message;
  float x[8] = {1, 1, 1, 1, 2, 2, 2, 2}, y[8] = {};
  int64_t dims[] = {2, 4};
  ASSERT_EQ(tensel_session_set_input(session, 0, x, TENSEL_F32, dims, 2), TENSEL_OK);
  ASSERT_EQ(tensel_session_set_input(session, 1, y, TENSEL_F32, dims, 2), TENSEL_OK);
  ASSERT_EQ(tensel_session_run(session), TENSEL_OK) << tensel_session_message(session);
  const void *data;
  ASSERT_EQ(tensel_session_output(session, 0, &data, nullptr, nullptr), TENSEL_OK);
  EXPECT_EQ(static_cast<const float *>(data)[7], 8.0f);
  tensel_session_destroy(session);
  tensel_model_destroy(model);

  description.abi_version = TENSEL_KERNEL_ABI_VERSION + 1;
  EXPECT_EQ(tensel_model_load_static(&description, &model, &error), TENSEL_UNSUPPORTED);
  EXPECT_STREQ(error.message, "kernel ABI version of the linked model: found 4, expected 3");
  description.abi_version = TENSEL_KERNEL_ABI_VERSION;
  description.levels = levels + 1;
  description.level_count = 1;
  EXPECT_EQ(tensel_model_load_static(&description, &model, &error), TENSEL_UNSUPPORTED);
}
