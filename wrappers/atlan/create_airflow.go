package atlan

import "github.com/sluice-sdk/sluice/gen/atlanassets"

// NewAirflowDag returns a new DAG: connection/name. Errors: an empty name, a connection without three segments.
func NewAirflowDag(name, connectionQualifiedName string) (*Asset[atlanassets.AirflowDag], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AirflowDag]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewAirflowTask returns a new task of a DAG: dag/name. Errors: an empty name, a DAG without four segments.
func NewAirflowTask(name, dagQualifiedName string) (*Asset[atlanassets.AirflowTask], error) {
	p, err := under("airflowDag", dagQualifiedName, connectionSegments+1, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AirflowTask]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.AirflowDagName.Set(p.last())
	a.Attributes.AirflowDagQualifiedName.Set(p.whole())
	a.Attributes.AirflowDag.Set(atlanassets.RefTo[atlanassets.AirflowDag](p.whole()))
	return a, nil
}
