package airbyte

// valueOf returns what p points to, or the zero value.
func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional returns a pointer to the value, nil for the zero value: the server decides then.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// copyOf returns a shallow copy, so that callers cannot change what others read.
func copyOf[T any](p *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	c := *p
	return &c, nil
}
