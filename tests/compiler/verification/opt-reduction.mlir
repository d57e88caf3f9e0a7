// mlir-reduce's own way works on the graph dialect, with any script: status 1 of it says that the program still shows what is looked for.
// RUN: printf '#!/bin/sh\ngrep -q graph.softmax "$1" && exit 1\nexit 0\n' > %t.sh && chmod +x %t.sh
// RUN: tensel-reduce %s -opt-reduction-pass='opt-pass=canonicalize test=%t.sh' | FileCheck %s
// RUN: not tensel-reduce %s -reduction-tree='traversal-mode=0 test=%t.sh' 2>&1 | FileCheck %s --check-prefix=TREE
// CHECK-LABEL: func.func @main
// CHECK-NOT: graph.exp
// CHECK: graph.softmax
// TREE: error: found -reduction-tree, expected --passes or -opt-reduction-pass

func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.exp %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = graph.softmax %x {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}
