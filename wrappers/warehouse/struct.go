package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"time"
)

// Structs reads the table into structs. A field is filled from the column its
// tag names, db:"column"; the name is a stored name or the stream's name for
// the field. An exported field without a tag takes the column of its own name,
// if there is one; db:"-" leaves a field alone; embedded structs count as if
// their fields were the outer struct's. Only those columns are selected, so a
// [Fields] option is not needed and is refused.
//
// Fields may be of any type database/sql scans into; a column that can be NULL
// needs a pointer or an sql.Null. Structs, maps and slices (other than []byte)
// are decoded from JSON.
//
// With raw tables only ([Destination.RawTablesOnly]) fields that are no columns
// are decoded from the record's JSON.
//
// Iteration and errors are those of [Table.Rows]; a tagged column that the
// table does not have is a [*ColumnError].
func Structs[T any](ctx context.Context, t *Table, options ...ReadOption) iter.Seq2[T, error] {
	r := newReading(options)
	return func(yield func(T, error) bool) {
		var zero, scratch T
		plan, err := t.planStruct(ctx, r, reflect.ValueOf(&scratch).Elem())
		if err != nil {
			yield(zero, err)
			return
		}
		err = t.run(ctx, r, plan.columns, func(rows *sql.Rows) error {
			scratch = zero
			if err := rows.Scan(plan.targets...); err != nil {
				return err
			}
			if err := plan.fromData(); err != nil {
				return err
			}
			if !yield(scratch, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(zero, err)
		}
	}
}

// structPlan says which columns are read into which fields of one struct value
// that is used again for every row.
type structPlan struct {
	columns []Column
	targets []any

	data   sql.RawBytes // _airbyte_data, when inside is not empty
	inside map[string]reflect.Value
}

func (t *Table) planStruct(ctx context.Context, r *reading, v reflect.Value) (*structPlan, error) {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
		return nil, &InputError{Field: "type " + v.Type().String(), Reason: "is not a struct"}
	}
	if len(r.fields) > 0 {
		return nil, &InputError{Field: "option Fields", Reason: "does not go with Structs: the struct says which columns are read"}
	}
	if err := t.load(ctx); err != nil {
		return nil, err
	}
	plan := &structPlan{inside: make(map[string]reflect.Value)}
	if err := t.planFields(plan, v); err != nil {
		return nil, err
	}
	if len(plan.inside) > 0 {
		c, err := t.column(dataColumn)
		if err != nil {
			return nil, err
		}
		plan.columns = append(plan.columns, c)
		plan.targets = append(plan.targets, &plan.data)
	}
	if len(plan.columns) == 0 {
		return nil, &InputError{Field: "type " + v.Type().String(), Reason: "has no field that is a column of table " + t.where.String()}
	}
	return plan, nil
}

func (t *Table) planFields(plan *structPlan, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, tagged := field.Tag.Lookup("db")
		name, _, _ = strings.Cut(name, ",")
		if name == "-" || !field.IsExported() && !field.Anonymous {
			continue
		}
		if field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct && !scansItself(field.Type) {
			if err := t.planFields(plan, v.Field(i)); err != nil {
				return err
			}
			continue
		}
		if !field.IsExported() {
			continue
		}
		if name == "" {
			name, tagged = field.Name, false
		}
		c, err := t.column(name)
		switch {
		case err == nil:
			plan.columns = append(plan.columns, c)
			plan.targets = append(plan.targets, target(v.Field(i)))
		case t.destination.RawTablesOnly:
			plan.inside[name] = v.Field(i)
		case tagged:
			return err
		}
	}
	return nil
}

var scannerType = reflect.TypeFor[sql.Scanner]()

func scansItself(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || reflect.PointerTo(t).Implements(scannerType)
}

// target is what Scan is given for a field: the field, or a decoder of JSON.
func target(field reflect.Value) any {
	t := field.Type()
	if t.Kind() == reflect.Pointer && !t.Implements(scannerType) {
		t = t.Elem()
	}
	if !scansItself(t) {
		switch t.Kind() {
		case reflect.Struct, reflect.Map, reflect.Array:
			return &jsonTarget{field}
		case reflect.Slice:
			if t.Elem().Kind() != reflect.Uint8 || t == reflect.TypeFor[json.RawMessage]() {
				return &jsonTarget{field}
			}
		default:
		}
	}
	return field.Addr().Interface()
}

// jsonTarget decodes a JSON column into a field.
type jsonTarget struct{ field reflect.Value }

// Scan implements sql.Scanner.
func (j *jsonTarget) Scan(src any) error {
	data, err := jsonText(src)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, j.field.Addr().Interface())
}

// fromData fills the fields that are inside a raw table's JSON.
func (p *structPlan) fromData() error {
	if len(p.inside) == 0 {
		return nil
	}
	var record map[string]json.RawMessage
	if err := json.Unmarshal(p.data, &record); err != nil {
		return fmt.Errorf("column %s: %w", dataColumn, err)
	}
	for name, field := range p.inside {
		raw, ok := record[name]
		if !ok {
			for key, value := range record {
				if strings.EqualFold(key, name) {
					raw, ok = value, true
					break
				}
			}
		}
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, field.Addr().Interface()); err != nil {
			return fmt.Errorf("field %q of %s: %w", name, dataColumn, err)
		}
	}
	return nil
}
