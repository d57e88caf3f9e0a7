// Reducing and bisecting as a library: questions that have nothing to do with passes, and pipelines that go wrong.
#include "compiler/verification/Reduce.h"
#include "compiler/verification/Bisect.h"
#include "compiler/verification/Isolated.h"
#include "mlir/Parser/Parser.h"
#include "tools/planted/Planted.h"
#include <csignal>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace tensel;
using namespace tensel::verification;
using reference::Kind;
using reference::Tensor;

namespace {
class ReduceTest : public testing::Test {
protected:
  ReduceTest() : context(compilerRegistry(), mlir::MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    registerCompilerPasses();
  }

  /// Of n ops, each exp of the one before but the middle one, which is a product with itself.
  Case chain(unsigned n) {
    std::string text = "func.func @main(%v0: tensor<4x6xf32> {graph.name = \"x\"}) -> (tensor<4x6xf32> {graph.name = \"y\"}) {\n";
    for (unsigned k = 0; k < n; ++k) {
      std::string from = "%v" + std::to_string(k), to = "%v" + std::to_string(k + 1);
      text += k == n / 2 ? to + " = graph.sub " + from + ", %v0 : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>\n"
                         : to + " = graph.tanh " + from + " : (tensor<4x6xf32>) -> tensor<4x6xf32>\n";
    }
    text += "return %v" + std::to_string(n) + " : tensor<4x6xf32>\n}";
    std::vector<double> values(24);
    for (size_t k = 0; k < values.size(); ++k)
      values[k] = 0.1 * static_cast<double>(k);
    return {mlir::parseSourceString<mlir::ModuleOp>(text, &context), {Tensor::of(Kind::F32, {4, 6}, values)}};
  }

  static bool hasSub(const Case &one) {
    return one.function().walk([](graph::SubOp) { return mlir::WalkResult::interrupt(); }).wasInterrupted();
  }

  mlir::MLIRContext context;
};

TEST_F(ReduceTest, LongProgramsTakeFewQuestions) {
  unsigned asked = 0;
  Case small = reduce(chain(400), [&](const Case &one) {
    ++asked;
    return hasSub(one);
  });
  EXPECT_EQ(small.countOps(), 1u);
  EXPECT_LE(small.countElements(), 2);
  EXPECT_LT(asked, 60u);
}

TEST_F(ReduceTest, WhatIsCutHoldsTheReferencesValues) {
  // The question looks at numbers: the difference is below -0.2 somewhere.
  auto isNegative = [](const Case &one) {
    auto values = evaluateBody(one);
    return values && hasSub(one) && llvm::any_of(values->back()[0].readAll<double>(), [](double x) { return x < -0.2; });
  };
  Case whole = chain(40);
  ASSERT_TRUE(isNegative(whole));
  Case small = reduce(whole, isNegative);
  EXPECT_EQ(small.countOps(), 1u);
  EXPECT_TRUE(isNegative(small));
}

TEST_F(ReduceTest, NothingIsTriedBeyondTheLimit) {
  unsigned asked = 0;
  auto count = [&](const Case &) {
    ++asked;
    return false;
  };
  Case same = reduce(chain(40), count, {.mostTests = 5});
  EXPECT_EQ(same.countOps(), 40u);
  EXPECT_LE(asked, 5u);
}

TEST(Isolated, AnswersComeBackAndCrashesAreTold) {
  int answer = 1;
  EXPECT_EQ(runIsolated<int>([](int &value) { value += 41; }, answer, 10).kind, Outcome::Ended);
  EXPECT_EQ(answer, 42);
  EXPECT_EQ(runIsolated<int>([](int &) { std::raise(SIGSEGV); }, answer, 10).kind, Outcome::Crashed);
  EXPECT_EQ(runIsolated<int>([](int &) { sleep(20); }, answer, 1).kind, Outcome::Hung);
}

class BisectTest : public ReduceTest {
protected:
  llvm::SmallVector<Tensor> evaluate(const Case &one) {
    WeightResolver weights;
    auto results = reference::Interpreter(weights).run(one.function(), one.inputs);
    EXPECT_TRUE(succeeded(results));
    return *results;
  }

  Finding find(BisectOptions options) {
    Case model = chain(20);
    std::vector<Expectation> expectations = {{0, evaluate(model)[0]}};
    if (!options.runCompiled)
      options.runCompiled = [&](const Case &one) -> llvm::Expected<llvm::SmallVector<Tensor>> { return evaluate(one); };
    auto finding = bisect(model, expectations, options);
    EXPECT_TRUE(static_cast<bool>(finding));
    return std::move(*finding);
  }
};

TEST_F(BisectTest, TheGuiltyPassIsFoundFromTheBeginningAndByHalving) {
  for (double linearSeconds : {1e6, -1.0}) {
    BisectOptions options;
    options.linearSeconds = linearSeconds;
    options.prepare = *planted::parse("tensel-decompose:swapped-operands");
    Finding finding = find(options);
    EXPECT_EQ(finding.kind, Finding::Pass);
    EXPECT_EQ(finding.pass.substr(0, 16), "tensel-decompose");
    EXPECT_EQ(finding.isFirst, linearSeconds > 0);
    ASSERT_TRUE(finding.broken);
    EXPECT_EQ(finding.broken->countOps(), 1u);
    EXPECT_TRUE(hasSub(*finding.broken));
    EXPECT_FALSE(finding.brokenDifference.empty());
  }
}

TEST_F(BisectTest, WrongCodeBelowTheGraphIsReducedByRunningIt) {
  BisectOptions options;
  options.runCompiled = [&](const Case &one) -> llvm::Expected<llvm::SmallVector<Tensor>> {
    llvm::SmallVector<Tensor> results = evaluate(one);
    if (hasSub(one)) {
      std::vector<double> values = results[0].readAll<double>();
      values[0] += 1;
      results[0] = Tensor::of(Kind::F32, results[0].getDims(), values);
    }
    return results;
  };
  options.verifyCompiled = [](const Case &) {
    BrokenPromise broken;
    broken.message = "some pass";
    return std::optional<BrokenPromise>(broken);
  };
  Finding finding = find(options);
  EXPECT_EQ(finding.kind, Finding::BelowGraph);
  EXPECT_EQ(finding.below, "some pass");
  ASSERT_TRUE(finding.broken);
  EXPECT_EQ(finding.broken->countOps(), 1u);
}

TEST_F(BisectTest, NobodyIsBlamedForNothing) {
  EXPECT_EQ(find({}).kind, Finding::Holds);
  Case model = chain(4);
  std::vector<Expectation> expectations = {{0, Tensor(Kind::F32, {4, 6})}};
  BisectOptions options;
  options.runCompiled = [&](const Case &one) -> llvm::Expected<llvm::SmallVector<Tensor>> { return evaluate(one); };
  auto finding = bisect(model, expectations, options);
  ASSERT_TRUE(static_cast<bool>(finding));
  EXPECT_EQ(finding->kind, Finding::ModelDiffers);
}
} // namespace
