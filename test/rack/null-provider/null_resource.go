package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// nullResource stands for nothing; it lives for its triggers and its provisioners.
type nullResource struct{}

type nullResourceModel struct {
	ID       types.String `tfsdk:"id"`
	Triggers types.Map    `tfsdk:"triggers"`
}

func newNullResource() resource.Resource { return nullResource{} }

func (nullResource) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "null_resource"
}

func (nullResource) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{
		Description: "Does nothing; replaced when its triggers change, which runs its provisioners again.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Description:   "A random value, set at creation.",
				Computed:      true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"triggers": schema.MapAttribute{
				Description: "Any strings; a change of one replaces the resource.",
				ElementType: types.StringType,
				Optional:    true,
				PlanModifiers: []planmodifier.Map{
					mapplanmodifier.RequiresReplaceIf(triggersChanged, "a trigger changed", "a trigger changed"),
				},
			},
		},
	}
}

// triggersChanged: a key whose value is null counts as absent, so that adding or leaving out a null replaces nothing.
func triggersChanged(
	_ context.Context,
	request planmodifier.MapRequest,
	response *mapplanmodifier.RequiresReplaceIfFuncResponse,
) {
	before, after := withoutNulls(request.StateValue), withoutNulls(request.PlanValue)
	response.RequiresReplace = !types.MapValueMust(types.StringType, before).
		Equal(types.MapValueMust(types.StringType, after)) || request.PlanValue.IsUnknown()
}

func (nullResource) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	var model nullResourceModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &model)...)
	if response.Diagnostics.HasError() {
		return
	}
	model.ID = types.StringValue(randomNumber())
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

// Read finds nothing outside the state to compare it with.
func (nullResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

// Update is only called for triggers that changed in nothing but nulls.
func (nullResource) Update(ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse) {
	var model nullResourceModel
	response.Diagnostics.Append(request.Plan.Get(ctx, &model)...)
	if response.Diagnostics.HasError() {
		return
	}
	response.Diagnostics.Append(response.State.Set(ctx, model)...)
}

func (nullResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
