module github.com/sluice-sdk/sluice/examples

go 1.26.0

replace github.com/sluice-sdk/sluice => ..
