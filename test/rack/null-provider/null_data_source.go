package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// nullDataSource hands its inputs on as outputs.
type nullDataSource struct{}

type nullDataSourceModel struct {
	ID                 types.String `tfsdk:"id"`
	Inputs             types.Map    `tfsdk:"inputs"`
	Outputs            types.Map    `tfsdk:"outputs"`
	Random             types.String `tfsdk:"random"`
	HasComputedDefault types.String `tfsdk:"has_computed_default"`
}

func newNullDataSource() datasource.DataSource { return nullDataSource{} }

func (nullDataSource) Metadata(
	_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse,
) {
	response.TypeName = "null_data_source"
}

func (nullDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse) {
	response.Schema = schema.Schema{
		Description: "Hands its inputs on as outputs.",
		Attributes: map[string]schema.Attribute{
			"id":      schema.StringAttribute{Description: "Always \"static\".", Computed: true},
			"inputs":  schema.MapAttribute{Description: "Any strings.", ElementType: types.StringType, Optional: true},
			"outputs": schema.MapAttribute{Description: "The inputs.", ElementType: types.StringType, Computed: true},
			"random":  schema.StringAttribute{Description: "A random value.", Computed: true},
			"has_computed_default": schema.StringAttribute{
				Description: "\"default\" where it isn't set.", Optional: true, Computed: true,
			},
		},
	}
}

func (nullDataSource) Read(ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse) {
	var model nullDataSourceModel
	response.Diagnostics.Append(request.Config.Get(ctx, &model)...)
	if response.Diagnostics.HasError() {
		return
	}
	model.ID = types.StringValue("static")
	model.Outputs = model.Inputs
	model.Random = types.StringValue(randomNumber())
	if model.HasComputedDefault.IsNull() {
		model.HasComputedDefault = types.StringValue("default")
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}
