module github.com/pion/ice/v4

go 1.26
