package atlan

import "github.com/sluice-sdk/sluice/gen/atlanassets"

// NewSupersetDashboard returns a new dashboard of Superset: connection/name. Errors: an empty name, a connection without three segments.
func NewSupersetDashboard(name, connectionQualifiedName string) (*Asset[atlanassets.SupersetDashboard], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.SupersetDashboard]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewPresetWorkspace returns a new workspace of Preset: connection/name. Errors: an empty name, a connection without three segments.
func NewPresetWorkspace(name, connectionQualifiedName string) (*Asset[atlanassets.PresetWorkspace], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.PresetWorkspace]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewSupersetChart returns a new chart of a dashboard: dashboard/name. Errors: an empty name, a dashboard without four segments.
func NewSupersetChart(name, dashboardQualifiedName string) (*Asset[atlanassets.SupersetChart], error) {
	p, err := under("dashboard", dashboardQualifiedName, connectionSegments+1, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.SupersetChart]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.SupersetDashboardQualifiedName.Set(p.whole())
	a.Attributes.SupersetDashboard.Set(atlanassets.RefTo[atlanassets.SupersetDashboard](p.whole()))
	return a, nil
}

// NewSupersetDataset returns a new dataset of a dashboard: dashboard/name. Errors: an empty name, a dashboard without four segments.
func NewSupersetDataset(name, dashboardQualifiedName string) (*Asset[atlanassets.SupersetDataset], error) {
	p, err := under("dashboard", dashboardQualifiedName, connectionSegments+1, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.SupersetDataset]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.SupersetDashboardQualifiedName.Set(p.whole())
	a.Attributes.SupersetDashboard.Set(atlanassets.RefTo[atlanassets.SupersetDashboard](p.whole()))
	return a, nil
}

// NewPresetDashboard returns a new dashboard of a workspace: workspace/name. Errors: an empty name, a workspace without four segments.
func NewPresetDashboard(name, workspaceQualifiedName string) (*Asset[atlanassets.PresetDashboard], error) {
	p, err := under("workspace", workspaceQualifiedName, connectionSegments+1, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.PresetDashboard]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.PresetWorkspaceQualifiedName.Set(p.whole())
	a.Attributes.PresetWorkspace.Set(atlanassets.RefTo[atlanassets.PresetWorkspace](p.whole()))
	return a, nil
}

// NewPresetChart returns a new chart of a dashboard: dashboard/name. Errors: an empty name, a dashboard without five segments.
func NewPresetChart(name, dashboardQualifiedName string) (*Asset[atlanassets.PresetChart], error) {
	p, err := under("dashboard", dashboardQualifiedName, connectionSegments+2, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.PresetChart]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.PresetWorkspaceQualifiedName.Set(p.first(connectionSegments + 1))
	a.Attributes.PresetDashboardQualifiedName.Set(p.whole())
	a.Attributes.PresetDashboard.Set(atlanassets.RefTo[atlanassets.PresetDashboard](p.whole()))
	return a, nil
}

// NewPresetDataset returns a new dataset of a dashboard: dashboard/name. Errors: an empty name, a dashboard without five segments.
func NewPresetDataset(name, dashboardQualifiedName string) (*Asset[atlanassets.PresetDataset], error) {
	p, err := under("dashboard", dashboardQualifiedName, connectionSegments+2, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.PresetDataset]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.PresetWorkspaceQualifiedName.Set(p.first(connectionSegments + 1))
	a.Attributes.PresetDashboardQualifiedName.Set(p.whole())
	a.Attributes.PresetDashboard.Set(atlanassets.RefTo[atlanassets.PresetDashboard](p.whole()))
	return a, nil
}

// NewQuickSightAnalysis returns a new analysis of QuickSight, in any number of folders: connection/id, where the id is QuickSight's own. Errors: an
// empty name or id, a connection without three segments, a folder without four.
func NewQuickSightAnalysis(name, id, connectionQualifiedName string, folderQualifiedNames ...string) (*Asset[atlanassets.QuickSightAnalysis], error) {
	p, err := identified(name, id, connectionQualifiedName)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.QuickSightAnalysis]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+id)
	a.Attributes.QuickSightID.Set(id)
	if err := inFolders(&a.Attributes.QuickSightAnalysisFolders, folderQualifiedNames); err != nil {
		return nil, err
	}
	return a, nil
}

// NewQuickSightDashboard returns a new dashboard of QuickSight, in any number of folders: connection/id, where the id is QuickSight's own. Errors: an
// empty name or id, a connection without three segments, a folder without four.
func NewQuickSightDashboard(name, id, connectionQualifiedName string, folderQualifiedNames ...string) (*Asset[atlanassets.QuickSightDashboard], error) {
	p, err := identified(name, id, connectionQualifiedName)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.QuickSightDashboard]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+id)
	a.Attributes.QuickSightID.Set(id)
	if err := inFolders(&a.Attributes.QuickSightDashboardFolders, folderQualifiedNames); err != nil {
		return nil, err
	}
	return a, nil
}

// NewQuickSightDataset returns a new dataset of QuickSight, in any number of folders: connection/id, where the id is QuickSight's own. Errors: an
// empty name or id, a connection without three segments, a folder without four.
func NewQuickSightDataset(name, id, connectionQualifiedName string, folderQualifiedNames ...string) (*Asset[atlanassets.QuickSightDataset], error) {
	p, err := identified(name, id, connectionQualifiedName)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.QuickSightDataset]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+id)
	a.Attributes.QuickSightID.Set(id)
	if err := inFolders(&a.Attributes.QuickSightDatasetFolders, folderQualifiedNames); err != nil {
		return nil, err
	}
	return a, nil
}

// NewQuickSightFolder returns a new folder of QuickSight: connection/id, where the id is QuickSight's own. Errors: an
// empty name or id, a connection without three segments.
func NewQuickSightFolder(name, id, connectionQualifiedName string) (*Asset[atlanassets.QuickSightFolder], error) {
	p, err := identified(name, id, connectionQualifiedName)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.QuickSightFolder]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+id)
	a.Attributes.QuickSightID.Set(id)
	return a, nil
}

// inFolders fills the folders that an asset of QuickSight is in.
func inFolders(folders *atlanassets.Attribute[[]atlanassets.Ref], qualifiedNames []string) error {
	refs := make([]atlanassets.Ref, 0, len(qualifiedNames))
	for _, qualifiedName := range distinct(qualifiedNames) {
		if _, err := parentPath("folder", qualifiedName, connectionSegments+1); err != nil {
			return err
		}
		refs = append(refs, atlanassets.RefTo[atlanassets.QuickSightFolder](qualifiedName))
	}
	if len(refs) > 0 {
		folders.Set(refs)
	}
	return nil
}

// NewQuickSightDatasetField returns a new field of a dataset: dataset/id. Errors: an empty name or id, a dataset without
// four segments.
func NewQuickSightDatasetField(name, id, datasetQualifiedName string) (*Asset[atlanassets.QuickSightDatasetField], error) {
	p, err := under("dataset", datasetQualifiedName, connectionSegments+1, name)
	if err == nil {
		err = checkName("id", id)
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.QuickSightDatasetField]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+id)
	a.Attributes.QuickSightID.Set(id)
	a.Attributes.QuickSightDatasetQualifiedName.Set(p.whole())
	a.Attributes.QuickSightDataset.Set(atlanassets.RefTo[atlanassets.QuickSightDataset](p.whole()))
	return a, nil
}

// QuickSightSheet is the sheet that a visual is on.
type QuickSightSheet struct {
	// ID and Name are QuickSight's. Both are needed.
	ID, Name string
}

// NewQuickSightAnalysisVisual returns a new visual on a sheet of an analysis: analysis/sheet/id. Errors: an empty name, id or
// sheet, an analysis without four segments.
func NewQuickSightAnalysisVisual(name, id string, sheet QuickSightSheet, analysisQualifiedName string) (*Asset[atlanassets.QuickSightAnalysisVisual], error) {
	p, err := under("analysis", analysisQualifiedName, connectionSegments+1, name)
	if err == nil {
		err = required("id", id, "sheet.ID", sheet.ID, "sheet.Name", sheet.Name)
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.QuickSightAnalysisVisual]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+sheet.ID+"/"+id)
	a.Attributes.QuickSightID.Set(id)
	a.Attributes.QuickSightSheetID.Set(sheet.ID)
	a.Attributes.QuickSightSheetName.Set(sheet.Name)
	a.Attributes.QuickSightAnalysisQualifiedName.Set(p.whole())
	a.Attributes.QuickSightAnalysis.Set(atlanassets.RefTo[atlanassets.QuickSightAnalysis](p.whole()))
	return a, nil
}

// NewQuickSightDashboardVisual returns a new visual on a sheet of a dashboard: dashboard/sheet/id. Errors: an empty name, id or
// sheet, a dashboard without four segments.
func NewQuickSightDashboardVisual(name, id string, sheet QuickSightSheet, dashboardQualifiedName string) (*Asset[atlanassets.QuickSightDashboardVisual], error) {
	p, err := under("dashboard", dashboardQualifiedName, connectionSegments+1, name)
	if err == nil {
		err = required("id", id, "sheet.ID", sheet.ID, "sheet.Name", sheet.Name)
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.QuickSightDashboardVisual]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+sheet.ID+"/"+id)
	a.Attributes.QuickSightID.Set(id)
	a.Attributes.QuickSightSheetID.Set(sheet.ID)
	a.Attributes.QuickSightSheetName.Set(sheet.Name)
	a.Attributes.QuickSightDashboardQualifiedName.Set(p.whole())
	a.Attributes.QuickSightDashboard.Set(atlanassets.RefTo[atlanassets.QuickSightDashboard](p.whole()))
	return a, nil
}

// NewMetabaseCollection returns a new collection of Metabase: connection/collections/id, where the id is Metabase's own. Errors: an empty
// name or id, a connection without three segments.
func NewMetabaseCollection(name, id, connectionQualifiedName string) (*Asset[atlanassets.MetabaseCollection], error) {
	p, err := identified(name, id, connectionQualifiedName)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.MetabaseCollection]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/collections/"+id)
	return a, nil
}

// NewMetabaseDashboard returns a new dashboard of Metabase: connection/dashboards/id, where the id is Metabase's own. Errors: an empty
// name or id, a connection without three segments.
func NewMetabaseDashboard(name, id, connectionQualifiedName string) (*Asset[atlanassets.MetabaseDashboard], error) {
	p, err := identified(name, id, connectionQualifiedName)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.MetabaseDashboard]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/dashboards/"+id)
	return a, nil
}

// NewMetabaseQuestion returns a new question of Metabase: connection/questions/id, where the id is Metabase's own. Errors: an empty
// name or id, a connection without three segments.
func NewMetabaseQuestion(name, id, connectionQualifiedName string) (*Asset[atlanassets.MetabaseQuestion], error) {
	p, err := identified(name, id, connectionQualifiedName)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.MetabaseQuestion]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/questions/"+id)
	return a, nil
}

// NewDataStudioAsset returns a new report or data source of Data Studio: connection/id, where the id is Data Studio's own.
// Errors: an empty name, id or kind, a connection without three segments.
func NewDataStudioAsset(name, id string, kind atlanassets.GoogleDatastudioAssetType, connectionQualifiedName string) (*Asset[atlanassets.DataStudioAsset], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err == nil {
		err = required("id", id, "kind", string(kind))
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.DataStudioAsset]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+id)
	a.Attributes.DataStudioAssetType.Set(kind)
	a.Attributes.DataStudioAssetTitle.Set(name)
	return a, nil
}
