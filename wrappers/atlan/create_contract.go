package atlan

import (
	"encoding/json"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// NewDataContract returns a new version of the contract of an asset: asset/contract, to which the server adds the type
// and the version. Each save of a new contract makes a version, so it is not repeated when its answer is lost. Contract is
// the contract's JSON, an object that names its dataset. Errors: an empty qualifiedName, JSON that is none or names no
// dataset.
func NewDataContract(assetQualifiedName, contract string) (*Asset[atlanassets.DataContract], error) {
	if err := checkName("assetQualifiedName", assetQualifiedName); err != nil {
		return nil, err
	}
	var content struct {
		Dataset string `json:"dataset"`
	}
	if err := json.Unmarshal([]byte(contract), &content); err != nil {
		return nil, apierr.Invalid(service, "contract", "the contract is not a JSON object: %s", err)
	}
	if err := checkName("dataset", content.Dataset); err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.DataContract]()
	a.Attributes.Name.Set("Data contract for " + content.Dataset)
	a.Attributes.QualifiedName.Set(assetQualifiedName + "/contract")
	a.Attributes.DataContractJSON.Set(contract)
	return a, nil
}
