// Control flow holds regions that may use outer values.
// RUN: tensel-opt %s -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func @loop
func.func @loop(%n: tensor<i64>, %c: tensor<i1>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<?x2xf32>) {
  // CHECK: graph.loop
  %0:2 = graph.loop %n, %c, %x : (tensor<i64>, tensor<i1>, tensor<2xf32>) -> (tensor<2xf32>, tensor<?x2xf32>) {
  ^bb0(%i: tensor<i64>, %v: tensor<2xf32>):
    %next = graph.add %v, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    graph.yield %c, %next, %next : tensor<i1>, tensor<2xf32>, tensor<2xf32>
  }
  return %0#0, %0#1 : tensor<2xf32>, tensor<?x2xf32>
}

// -----

func.func @branches_differ(%c: tensor<i1>, %x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{expected yielded values 0 of type 'tensor<2xf32>', found 'tensor<3xf32>'}}
  %0 = graph.if %c : tensor<i1> -> (tensor<2xf32>) {
    graph.yield %x : tensor<2xf32>
  } else {
    graph.yield %y : tensor<3xf32>
  }
  return
}
