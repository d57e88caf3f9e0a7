// RUN: tensel-opt %s -split-input-file -verify-diagnostics

func.func @dims(%x: tensor<?xf32>) {
  // expected-error @+1 {{found 0 dims, expected 1, one per dynamic dim of the results}}
  %r = task.alias %x : tensor<?xf32> -> tensor<?x1xf32>
  return
}

// -----

func.func @kernel(%x: tensor<4xf32>) {
  // expected-error @+1 {{found no kernel 'k0'}}
  %r = task.dispatch @k0(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @elements(%a: index) {
  // expected-error @+1 {{found 1 elements, expected as many as the static result type has}}
  %r = task.from_elements %a : tensor<2xi64>
  return
}
