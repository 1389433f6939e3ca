module fairway.flext.sh/tests/e2e/kubectl

go 1.21
